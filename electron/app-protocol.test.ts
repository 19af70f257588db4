import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Protocol } from 'electron'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PAGE_SCHEME, serveBundle } from './app-protocol.ts'

let directory = ''
let answer: (request: Request) => Promise<Response>

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'tidemark-bundle-'))
  await writeFile(path.join(directory, 'index.html'), '<meta property="csp-nonce" nonce="__CSP_NONCE__">')
  const protocol = {
    handle(scheme: string, handler: typeof answer) {
      expect(scheme).toBe('app')
      answer = handler
    },
  }
  serveBundle(protocol as unknown as Protocol, directory)
})
afterAll(() => rm(directory, { recursive: true }))

it('serves the page with a policy that knows its nonce', async () => {
  const response = await answer(new Request('app://bundle/#jobs'))
  const nonce = /nonce="([^"]+)"/.exec(await response.text())?.[1]
  expect(response.status).toBe(200)
  expect(response.headers.get('content-security-policy')).toContain(`'nonce-${String(nonce)}'`)
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
})

it.each([
  ['app://other/', 404],
  ['app://bundle/%2e%2e%2fpackage.json', 400],
  ['app://bundle/missing.js', 404],
])('refuses %s', async (url, status) => {
  const response = await answer(new Request(url))
  expect([response.status, await response.text()]).toEqual([status, ''])
})

it('answers HEAD without a body', async () => {
  const response = await answer(new Request('app://bundle/', { method: 'HEAD' }))
  expect([response.status, response.body]).toEqual([200, null])
})

it('asks for no privilege that opens the page to others', () => {
  expect(PAGE_SCHEME.privileges).toEqual({
    standard: true,
    secure: true,
    supportFetchAPI: true,
    codeCache: true,
  })
})
