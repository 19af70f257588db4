import { EventEmitter } from 'node:events'
import { expect, it, vi } from 'vitest'
import type { Bridge } from './preload.ts'

const electron = vi.hoisted(() => ({
  exposed: new Map<string, unknown>(),
  sent: [] as unknown[][],
  bus: undefined as unknown,
}))

vi.mock('electron', () => {
  const bus = new EventEmitter()
  electron.bus = bus
  return {
    contextBridge: { exposeInMainWorld: (key: string, api: unknown) => electron.exposed.set(key, api) },
    ipcRenderer: {
      on: bus.on.bind(bus),
      send: (...values: unknown[]) => void electron.sent.push(values),
      invoke: (...values: unknown[]) => Promise.resolve(values),
    },
  }
})

it('shows the page five things, and passes on only what is meant for its document', async () => {
  await import('./preload.ts')
  expect([...electron.exposed.keys()]).toEqual(['tidemark'])
  const bridge = electron.exposed.get('tidemark') as Bridge
  const bus = electron.bus as EventEmitter
  expect(Object.keys(bridge).sort()).toEqual(['chooseDirectory', 'onClose', 'onMessage', 'platform', 'post'])

  const [[channel, session]] = electron.sent as [[string, string]]
  expect(channel).toBe('engine:open')
  bridge.post({ id: 1, type: 'stop' })
  expect(electron.sent[1]).toEqual(['engine:post', session, { id: 1, type: 'stop' }])

  const heard: unknown[] = []
  bridge.onMessage((...values) => heard.push(values))
  const close = vi.fn()
  bridge.onClose(close)
  bus.emit('engine:message', {}, 'the document before', { id: 1, type: 'done' })
  bus.emit('engine:close', {}, 'the document before')
  expect([heard, close.mock.calls]).toEqual([[], []])
  bus.emit('engine:message', {}, session, { id: 1, type: 'done' })
  // The event object, which leads to ipcRenderer, stays behind.
  expect(heard).toEqual([[{ id: 1, type: 'done' }]])

  bus.emit('engine:close', {}, session)
  bus.emit('engine:close', {}, session)
  const late = vi.fn()
  bridge.onClose(late)
  expect([close.mock.calls, late.mock.calls]).toEqual([[[]], [[]]])
})
