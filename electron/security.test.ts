import { EventEmitter } from 'node:events'
import type { App, Session } from 'electron'
import { expect, it, vi } from 'vitest'
import { denyPermissions, guardPages } from './security.ts'

class FakeContents extends EventEmitter {
  open: (details: object) => unknown = () => ({ action: 'allow' })
  setWindowOpenHandler(handler: FakeContents['open']): void {
    this.open = handler
  }
}

function guarded(): FakeContents {
  const app = Object.assign(new EventEmitter(), { enableSandbox: vi.fn() })
  guardPages(app as unknown as App)
  expect(app.enableSandbox).toHaveBeenCalledOnce()
  const contents = new FakeContents()
  app.emit('web-contents-created', {}, contents)
  return contents
}

function isStopped(contents: FakeContents, event: string, url: string): boolean {
  const preventDefault = vi.fn()
  contents.emit(event, { url, preventDefault })
  return preventDefault.mock.calls.length > 0
}

it.each(['will-navigate', 'will-redirect', 'will-frame-navigate'])(
  'lets no page go elsewhere: %s',
  (event) => {
    const contents = guarded()
    for (const url of [
      'https://example.com/',
      'http://127.0.0.1:1/',
      'file:///etc/passwd',
      'app://other/',
      'app://bundle.evil/',
      'app://bundle/assets/main.js',
      'data:text/html,x',
      'javascript:alert(1)',
      'about:blank',
      'not a url',
    ]) {
      expect(isStopped(contents, event, url), url).toBe(true)
    }
    for (const url of ['app://bundle/', 'app://bundle/#jobs', 'app://bundle/index.html?a=1']) {
      expect(isStopped(contents, event, url), url).toBe(false)
    }
  },
)

it('opens no window and takes in no guest page', () => {
  const contents = guarded()
  expect(contents.open({ url: 'app://bundle/' })).toEqual({ action: 'deny' })
  expect(isStopped(contents, 'will-attach-webview', '')).toBe(true)
})

type Request = (
  contents: object,
  permission: string,
  answer: (isGranted: boolean) => void,
  details: object,
) => void

it('grants writing to the clipboard to our page, and nothing to anyone else', () => {
  let request: Request = () => undefined
  let check: (contents: unknown, permission: string, origin: string) => boolean = () => true
  let device: () => boolean = () => true
  denyPermissions({
    setPermissionRequestHandler: (handler: Request) => void (request = handler),
    setPermissionCheckHandler: (handler: typeof check) => void (check = handler),
    setDevicePermissionHandler: (handler: typeof device) => void (device = handler),
  } as unknown as Session)

  const asked = (permission: string, url: string, isMainFrame = true): boolean | undefined => {
    let granted: boolean | undefined
    request({ getURL: () => url }, permission, (isGranted) => (granted = isGranted), { isMainFrame })
    return granted
  }
  expect(asked('clipboard-sanitized-write', 'app://bundle/')).toBe(true)
  expect(asked('clipboard-sanitized-write', 'app://bundle/', false)).toBe(false)
  expect(asked('clipboard-sanitized-write', 'https://example.com/')).toBe(false)
  for (const permission of [
    'media',
    'geolocation',
    'notifications',
    'clipboard-read',
    'openExternal',
    'hid',
  ]) {
    expect(asked(permission, 'app://bundle/'), permission).toBe(false)
    expect(check(null, permission, 'app://bundle/'), permission).toBe(false)
  }
  expect(check(null, 'clipboard-sanitized-write', 'app://bundle/')).toBe(true)
  expect(check(null, 'clipboard-sanitized-write', 'https://example.com/')).toBe(false)
  expect(device()).toBe(false)
})
