import { EventEmitter } from 'node:events'
import type { IpcMain, WebContents } from 'electron'
import { beforeEach, expect, it, vi } from 'vitest'
import type { ClientPort, FromEngine, ToEngine } from '../engine/api/port.ts'
import { type PageServices, servePages } from './ipc.ts'
import { CHANNELS } from './window-channels.ts'

type Frame = { origin: string; parent: object | null }
const ours: Frame = { origin: 'app://bundle', parent: null }

class FakePort implements ClientPort {
  readonly posted: ToEngine[] = []
  isClosed = false
  say: (message: FromEngine) => void = () => undefined
  end: () => void = () => undefined
  post(message: ToEngine): void {
    this.posted.push(message)
  }
  listen(onMessage: (message: FromEngine) => void): void {
    this.say = onMessage
  }
  onClose(listener: () => void): void {
    this.end = listener
  }
  close(): void {
    this.isClosed = true
    this.end()
  }
}

class FakeContents extends EventEmitter {
  readonly sent: unknown[][] = []
  isGone = false
  send(...values: unknown[]): void {
    this.sent.push(values)
  }
  isDestroyed(): boolean {
    return this.isGone
  }
}

class FakeIpcMain extends EventEmitter {
  answer: (event: object, ...values: unknown[]) => Promise<unknown> = () => Promise.reject(new Error('none'))
  handle(_channel: string, answer: FakeIpcMain['answer']): void {
    this.answer = answer
  }
}

let bus: FakeIpcMain
let page: FakeContents
let ports: FakePort[]
let hasEngine: boolean
const chooseDirectory = vi.fn<PageServices['chooseDirectory']>(() => Promise.resolve('/chosen'))

beforeEach(() => {
  bus = new FakeIpcMain()
  page = new FakeContents()
  ports = []
  hasEngine = true
  chooseDirectory.mockClear()
  servePages(bus as unknown as IpcMain, {
    isWindow: (contents) => contents === (page as unknown as WebContents),
    connectEngine() {
      if (!hasEngine) return undefined
      const port = new FakePort()
      ports.push(port)
      return port
    },
    chooseDirectory,
  })
})

function from(senderFrame: Frame | null = ours, sender: FakeContents = page): object {
  return { sender, senderFrame }
}
const call: ToEngine = { id: 1, type: 'call', name: 'app.info', input: {} }

it('gives each document its own port and carries messages both ways', () => {
  bus.emit(CHANNELS.open, from(), 'first')
  bus.emit(CHANNELS.post, from(), 'first', call)
  ports[0]?.say({ id: 1, type: 'done', value: 7n })
  expect(ports[0]?.posted).toEqual([call])
  expect(page.sent).toEqual([[CHANNELS.message, 'first', { id: 1, type: 'done', value: 7n }]])
})

it.each<[string, Frame | null, boolean]>([
  ['a frame that is gone', null, false],
  ['a sub frame', { ...ours, parent: {} }, false],
  ['a page from elsewhere', { ...ours, origin: 'https://evil.example' }, false],
  ['a page whose origin begins like ours', { ...ours, origin: 'app://bundle.evil' }, false],
  ['a page without origin', { ...ours, origin: 'null' }, false],
  ['contents that are no window of ours', ours, true],
])('does not hear %s', async (_who, frame, isForeign) => {
  const sender = isForeign ? new FakeContents() : page
  bus.emit(CHANNELS.open, from(frame, sender), 'first')
  expect(ports).toEqual([])

  bus.emit(CHANNELS.open, from(), 'first')
  bus.emit(CHANNELS.post, from(frame, sender), 'first', call)
  expect(ports[0]?.posted).toEqual([])

  await expect(bus.answer(from(frame, sender), {})).rejects.toThrow('refused')
  expect(chooseDirectory).not.toHaveBeenCalled()
})

it('closes the port of the document before, and hears it no more', () => {
  bus.emit(CHANNELS.open, from(), 'first')
  bus.emit(CHANNELS.open, from(), 'second')
  expect(ports[0]?.isClosed).toBe(true)
  expect(page.sent).toEqual([])
  bus.emit(CHANNELS.post, from(), 'first', call)
  expect(ports.map(({ posted }) => posted)).toEqual([[], []])
})

it('tells the page when the engine is gone, or was not there to begin with', () => {
  bus.emit(CHANNELS.open, from(), 'first')
  ports[0]?.end()
  hasEngine = false
  bus.emit(CHANNELS.open, from(), 'second')
  expect(page.sent).toEqual([
    [CHANNELS.close, 'first'],
    [CHANNELS.close, 'second'],
  ])
})

it.each(['destroyed', 'render-process-gone'])('closes the port when the page is %s', (event) => {
  bus.emit(CHANNELS.open, from(), 'first')
  page.isGone = true
  page.emit(event)
  expect(ports[0]?.isClosed).toBe(true)
  expect(page.sent).toEqual([])
})

it('listens to a page once, however often it loads', () => {
  for (let load = 0; load < 20; load++) bus.emit(CHANNELS.open, from(), String(load))
  expect(page.listenerCount('render-process-gone')).toBe(1)
})

it('asks for a directory with what the page may say, and nothing else', async () => {
  const question = { title: 'T'.repeat(500), from: '/srv', properties: ['openFile'] }
  expect(await bus.answer(from(), question)).toBe('/chosen')
  expect(chooseDirectory).toHaveBeenCalledWith(page, { title: 'T'.repeat(200), from: '/srv' })
  await bus.answer(from(), 'not a question')
  expect(chooseDirectory).toHaveBeenLastCalledWith(page, {})
})
