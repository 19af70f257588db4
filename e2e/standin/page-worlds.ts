/**
 * Source text for the two JavaScript worlds of a page: the page's own, and the isolated one where the preload runs.
 * They share the document and nothing else; they speak by DOM events whose detail is text.
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'

/** The engine's own codec, as a script: what crosses worlds or processes is copied by the code that is under test. */
const wire = stripTypeScriptTypes(readFileSync(new URL('../../engine/api/wire.ts', import.meta.url), 'utf8'))
  .replace(/^import .*$/m, 'class EngineError extends Error {}')
  .replaceAll(/^export /gm, '')

type Value = { wire: string } | { fn: number }
type Crossing =
  | { type: 'expose'; key: string; fields: Record<string, Value> }
  | { type: 'call'; fn: number; args: Value[] }
  | { type: 'answer'; value?: Value; promise?: number; failed?: string }
  | { type: 'settle'; promise: number; value?: Value; failed?: string }

declare function encodeWire(value: unknown): string
declare function decodeWire(text: string): unknown

/** Runs inside the page, so it may use nothing of this module. */
function openCrossing(hearOn: string, speakOn: string) {
  const functions: ((...args: unknown[]) => unknown)[] = []
  const waiting = new Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>()
  let lastPromise = 0
  let answered: Crossing | undefined
  let onExpose: (key: string, api: Record<string, unknown>) => void = () => undefined

  const say = (crossing: Crossing): void => {
    document.dispatchEvent(new CustomEvent(speakOn, { detail: JSON.stringify(crossing) }))
  }
  const pack = (value: unknown): Value => {
    if (typeof value !== 'function') return { wire: encodeWire(value) }
    return { fn: functions.push(value as (...args: unknown[]) => unknown) - 1 }
  }
  const unpack = (value: Value | undefined): unknown => {
    if (value === undefined) return undefined
    return 'wire' in value ? decodeWire(value.wire) : (...args: unknown[]) => callAcross(value.fn, args)
  }
  const callAcross = (fn: number, args: unknown[]): unknown => {
    answered = undefined
    say({ type: 'call', fn, args: args.map(pack) })
    const answer = answered as Crossing | undefined
    if (answer?.type !== 'answer') throw new Error('the other world did not answer')
    if (answer.failed !== undefined) throw new Error(answer.failed)
    if (answer.promise === undefined) return unpack(answer.value)
    const { promise } = answer
    return new Promise((resolve, reject) => waiting.set(promise, { resolve, reject }))
  }
  const answerCall = (fn: number, args: Value[]): void => {
    try {
      const result = functions[fn]?.(...args.map(unpack))
      if (!(result instanceof Promise)) return say({ type: 'answer', value: pack(result) })
      const promise = ++lastPromise
      say({ type: 'answer', promise })
      result.then(
        (value) => say({ type: 'settle', promise, value: pack(value) }),
        (reason) => say({ type: 'settle', promise, failed: String(reason?.message ?? reason) }),
      )
    } catch (thrown) {
      say({ type: 'answer', failed: String((thrown as Error).message) })
    }
  }
  document.addEventListener(hearOn, (event) => {
    const crossing = JSON.parse((event as CustomEvent<string>).detail) as Crossing
    if (crossing.type === 'call') answerCall(crossing.fn, crossing.args)
    else if (crossing.type === 'answer') answered = crossing
    else if (crossing.type === 'expose') {
      const fields = Object.entries(crossing.fields).map(([name, value]) => [name, unpack(value)])
      onExpose(crossing.key, Object.fromEntries(fields) as Record<string, unknown>)
    } else {
      const call = waiting.get(crossing.promise)
      waiting.delete(crossing.promise)
      if (crossing.failed === undefined) call?.resolve(unpack(crossing.value))
      else call?.reject(new Error(crossing.failed))
    }
  })
  return {
    expose(key: string, api: Record<string, unknown>): void {
      const fields = Object.fromEntries(Object.entries(api).map(([name, value]) => [name, pack(value)]))
      say({ type: 'expose', key, fields })
    },
    onExpose(listener: typeof onExpose): void {
      onExpose = listener
    },
  }
}

/** Runs in the page's own world. */
function pageSide(key: string): void {
  openCrossing(`${key}-page`, `${key}-preload`).onExpose((name, api) => {
    // Electron's bridge is frozen and can be neither replaced nor taken away.
    Object.defineProperty(window, name, { value: Object.freeze(api), enumerable: true })
  })
  const ask = (url: string): null => {
    const detail = new URL(url, location.href).href
    document.dispatchEvent(new CustomEvent(`${key}-open`, { detail }))
    return null
  }
  window.open = (url) => ask(String(url ?? 'about:blank'))
  addEventListener(
    'click',
    (event) => {
      const link = (event.target as Element | null)?.closest?.('a[target=_blank]')
      if (link === null || link === undefined) return
      event.preventDefault()
      ask((link as HTMLAnchorElement).href)
    },
    true,
  )
}

/** Runs in the isolated world of the main frame, before any script of the page. */
function preloadSide(
  key: string,
  platform: string,
  preload: (require: (name: string) => unknown, module: object, exports: object, process: object) => void,
): void {
  const names = globalThis as unknown as Record<string, (text: string) => void>
  const toMain = names[`${key}-main`]
  // The binding is a sub frame's as well, and Electron runs no preload there.
  if (window !== window.top || toMain === undefined) return
  const crossing = openCrossing(`${key}-preload`, `${key}-page`)
  const waiting = new Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>()
  const listeners = new Map<string, Set<(...values: unknown[]) => void>>()
  let lastId = 0

  const guard = <T extends object>(name: string, target: T): T =>
    new Proxy(target, {
      get(from, property) {
        if (property in from || typeof property === 'symbol') return Reflect.get(from, property) as unknown
        throw new Error(`the Electron stand-in has no ${name}.${property}`)
      },
    })
  document.addEventListener(`${key}-open`, (event) =>
    toMain(encodeWire({ type: 'open', url: (event as CustomEvent<string>).detail })),
  )
  names[`${key}-hear`] = (text) => {
    const heard = decodeWire(text) as { channel?: string; values: unknown[]; id: number; failed?: string }
    if (heard.channel !== undefined) {
      for (const listener of listeners.get(heard.channel) ?? []) listener({}, ...heard.values)
      return
    }
    const call = waiting.get(heard.id)
    waiting.delete(heard.id)
    if (heard.failed === undefined) call?.resolve(heard.values[0])
    else call?.reject(new Error(heard.failed))
  }
  const ipcRenderer = guard('ipcRenderer', {
    send: (channel: string, ...values: unknown[]) => toMain(encodeWire({ type: 'send', channel, values })),
    invoke: (channel: string, ...values: unknown[]) =>
      new Promise((resolve, reject) => {
        const id = ++lastId
        waiting.set(id, { resolve, reject })
        toMain(encodeWire({ type: 'invoke', id, channel, values }))
      }),
    on(channel: string, listener: (...values: unknown[]) => void) {
      const known = listeners.get(channel) ?? new Set()
      listeners.set(channel, known.add(listener))
      return ipcRenderer
    },
  })
  const contextBridge = guard('contextBridge', { exposeInMainWorld: crossing.expose })
  const electron = guard('electron', { contextBridge, ipcRenderer })
  const require = (name: string): unknown => {
    if (name === 'electron') return electron
    throw new Error(`module not found: ${name}`)
  }
  const process = guard('process', { platform, sandboxed: true, contextIsolated: true, type: 'renderer' })
  preload(require, { exports: {} }, {}, process)
}

const shared = `${wire}\n${String(openCrossing)}`

/** The script for the page's own world. It has to be installed before {@link preloadScript}. */
export function pageScript(key: string): string {
  return `(() => { ${shared}\n(${String(pageSide)})(${JSON.stringify(key)}) })()`
}

/** The script for the isolated world, around the text of a bundled preload. */
export function preloadScript(key: string, preload: string, file: string): string {
  const body = `function (require, module, exports, process) { ${preload}\n}`
  const names = `${JSON.stringify(key)}, ${JSON.stringify(process.platform)}`
  return `(() => { ${shared}\n(${String(preloadSide)})(${names}, ${body}) })()\n//# sourceURL=${file}`
}
