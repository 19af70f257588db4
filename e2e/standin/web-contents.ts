import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { WebPreferences } from 'electron'
import { decodeWire, encodeWire } from '../../engine/api/wire.ts'
import { Preventable, theApp } from './app.ts'
import { browser } from './browser.ts'
import type { Cdp } from './chromium.ts'
import { deliver, invoke } from './ipc.ts'
import { loud, note } from './loud.ts'
import { pageScript, preloadScript } from './page-worlds.ts'
import { findHandler, fromHttp, toHttp } from './protocol.ts'

type OpenHandler = (details: { readonly url: string }) => { readonly action: 'allow' | 'deny' }
type FromPage =
  | { readonly type: 'open'; readonly url: string }
  | { readonly type: 'send'; readonly channel: string; readonly values: readonly unknown[] }
  | {
      readonly type: 'invoke'
      readonly id: number
      readonly channel: string
      readonly values: readonly unknown[]
    }
type Paused = {
  readonly requestId: string
  readonly request: {
    readonly url: string
    readonly method: string
    readonly headers: Record<string, string>
  }
  readonly resourceType: string
  readonly frameId: string
  readonly redirectedRequestId?: string
}

const MOST_ATTEMPTS = 3

/** The settings without which a page could reach Node. The stand-in runs no window that lacks one. */
const REQUIRED: WebPreferences = { sandbox: true, contextIsolation: true, nodeIntegration: false }

/** A page: a target of Chromium, with the preload in an isolated world of its main frame. */
export class WebContents extends EventEmitter {
  readonly key = `standin${randomBytes(8).toString('hex')}`
  /** What the application holds: this object, but loud. */
  readonly face: this
  readonly ready: Promise<void>
  targetId = ''
  #session = ''
  #cdp: Cdp | undefined
  #url = ''
  #world = 0
  #isOwnNavigation = false
  #hasFailedRequest = false
  #isDestroyed = false
  #openHandler: OpenHandler = () => ({ action: 'allow' })

  constructor(preferences: WebPreferences) {
    super()
    for (const [name, value] of Object.entries(REQUIRED)) {
      if (preferences[name as keyof WebPreferences] !== value) throw new Error(`the window lacks ${name}`)
    }
    if (!theApp.isSandboxed) throw new Error('the application did not enable the sandbox')
    this.face = loud('webContents', this)
    theApp.emit('web-contents-created', {}, this.face)
    this.ready = this.#open(preferences.preload)
  }

  async #open(preload: string | undefined): Promise<void> {
    await theApp.whenReady()
    const { cdp } = await browser()
    this.#cdp = cdp
    const target = await cdp.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
    this.targetId = target.targetId
    const attached = await cdp.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId: this.targetId,
      flatten: true,
    })
    this.#session = attached.sessionId
    this.#listen()
    await this.command('Page.enable')
    await this.command('Runtime.enable')
    await this.command('Fetch.enable', { patterns: [{ urlPattern: '*' }] })
    await this.command('Page.addScriptToEvaluateOnNewDocument', { source: pageScript(this.key) })
    if (preload === undefined) return
    await this.command('Runtime.addBinding', { name: `${this.key}-main`, executionContextName: this.key })
    await this.command('Page.addScriptToEvaluateOnNewDocument', {
      source: preloadScript(this.key, readFileSync(preload, 'utf8'), preload),
      worldName: this.key,
    })
  }

  #listen(): void {
    const on = <T>(method: string, listener: (params: T) => void): void =>
      void this.#cdp?.on(`${this.#session}/${method}`, listener)
    on<{ name: string; payload: string; executionContextId: number }>('Runtime.bindingCalled', (call) => {
      void this.#hear(decodeWire(call.payload) as FromPage, call.executionContextId)
    })
    on<{ context: { id: number; name: string; auxData?: { frameId?: string } } }>(
      'Runtime.executionContextCreated',
      ({ context }) => {
        if (context.name === this.key && context.auxData?.frameId === this.targetId) this.#world = context.id
      },
    )
    on<{ frame: { parentId?: string; url: string } }>('Page.frameNavigated', ({ frame }) => {
      if (frame.parentId === undefined) this.#url = fromHttp(frame.url)
    })
    on('Page.loadEventFired', () => {
      if (this.#url !== '' && this.#url !== 'about:blank') this.emit('did-finish-load')
    })
    on('Inspector.targetCrashed', () =>
      this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 }),
    )
    on<Paused>('Fetch.requestPaused', (paused) => void this.#answer(paused))
  }

  /** One command of the DevTools protocol for this page. */
  command<T = unknown>(method: string, params: object = {}): Promise<T> {
    if (this.#cdp === undefined) return Promise.reject(new Error('the page is not open yet'))
    return this.#cdp.send<T>(method, params, this.#session)
  }

  async #answer(paused: Paused): Promise<void> {
    const url = fromHttp(paused.request.url)
    const { requestId } = paused
    try {
      if (paused.resourceType === 'Document' && !this.#mayNavigate(paused, url)) {
        note('navigation refused', url)
        return void (await this.command('Fetch.failRequest', { requestId, errorReason: 'Aborted' }))
      }
      const handler = findHandler(url)
      if (handler === undefined) {
        note('request refused: no scheme of the application', url)
        return void (await this.command('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' }))
      }
      const { method, headers } = paused.request
      const response = await handler(new Request(url, { method, headers }))
      await this.command('Fetch.fulfillRequest', {
        requestId,
        responseCode: response.status,
        responseHeaders: Array.from(response.headers, ([name, value]) => ({ name, value })),
        body: Buffer.from(await response.arrayBuffer()).toString('base64'),
      })
    } catch (thrown) {
      this.#hasFailedRequest = true
      note('request failed', url, String(thrown))
      // The page may be gone by now, and with it the request.
      await this.command('Fetch.failRequest', { requestId, errorReason: 'Failed' }).catch(() => undefined)
    }
  }

  #mayNavigate({ frameId, redirectedRequestId }: Paused, url: string): boolean {
    const isMainFrame = frameId === this.targetId
    if (isMainFrame && this.#isOwnNavigation && redirectedRequestId === undefined) {
      this.#isOwnNavigation = false
      return true
    }
    const event = Object.assign(new Preventable(), { url, isMainFrame, isSameDocument: false })
    if (redirectedRequestId !== undefined) this.emit('will-redirect', event)
    else {
      this.emit('will-frame-navigate', event)
      if (isMainFrame) this.emit('will-navigate', event)
    }
    return !event.isPrevented
  }

  async #hear(said: FromPage, context: number): Promise<void> {
    if (said.type === 'open') {
      const { action } = this.#openHandler({ url: fromHttp(said.url) })
      note('window.open', said.url, action)
      if (action === 'allow') throw new Error('the stand-in opens no windows for pages')
      return
    }
    const event = { sender: this.face, senderFrame: this.mainFrame }
    if (said.type === 'send') return deliver(said.channel, event, said.values)
    let answer: object
    try {
      answer = { id: said.id, values: [await invoke(said.channel, event, said.values)] }
    } catch (thrown) {
      answer = { id: said.id, values: [], failed: (thrown as Error).message }
    }
    this.#tell(encodeWire(answer), context)
  }

  #tell(text: string, contextId: number): void {
    const expression = `globalThis[${JSON.stringify(`${this.key}-hear`)}]?.(${JSON.stringify(text)})`
    // A document that was replaced meanwhile has no use for it.
    this.command('Runtime.evaluate', { expression, contextId }).catch(() => undefined)
  }

  get mainFrame(): { url: string; origin: string; parent: null; detached: boolean } {
    const { protocol, host } = new URL(this.#url)
    return { url: this.#url, origin: `${protocol}//${host}`, parent: null, detached: false }
  }

  async loadURL(url: string): Promise<void> {
    await this.ready
    const loaded = new Promise((resolve) => this.once('did-finish-load', resolve))
    for (let attempt = 1; ; attempt++) {
      this.#isOwnNavigation = true
      this.#hasFailedRequest = false
      const { errorText } = await this.command<{ errorText?: string }>('Page.navigate', { url: toHttp(url) })
      if (errorText === undefined) break
      // A debugger that attaches meanwhile, as Playwright does, can cut a request off before it reaches us.
      const isCutOff = errorText === 'net::ERR_FAILED' && !this.#hasFailedRequest
      if (!isCutOff || attempt === MOST_ATTEMPTS) throw new Error(`${errorText} loading '${url}'`)
      note('navigation was cut off', url)
    }
    await loaded
  }

  reload(): void {
    this.#isOwnNavigation = true
    this.command('Page.reload').catch((thrown: unknown) => note('reload failed', String(thrown)))
  }

  send(channel: string, ...values: readonly unknown[]): void {
    this.#tell(encodeWire({ channel, values }), this.#world)
  }

  /** A crash of the page's process, for tests. */
  forcefullyCrashRenderer(): void {
    // The answer never comes: who would send it?
    void this.command('Page.crash').catch(() => undefined)
  }

  getURL(): string {
    return this.#url
  }

  isDestroyed(): boolean {
    return this.#isDestroyed
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler
  }

  /** Told by the window when it is gone. */
  end(): void {
    if (this.#isDestroyed) return
    this.#isDestroyed = true
    this.emit('destroyed')
  }
}
