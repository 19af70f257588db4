import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readPageFile } from './page-files.ts'

let scratch = ''
let directory = ''

beforeAll(async () => {
  scratch = await mkdtemp(path.join(os.tmpdir(), 'tidemark-page-'))
  directory = path.join(scratch, 'renderer')
  await mkdir(path.join(directory, 'assets'), { recursive: true })
  const page = '<meta property="csp-nonce" nonce="__CSP_NONCE__"><style nonce="__CSP_NONCE__"></style>'
  await writeFile(path.join(directory, 'index.html'), page)
  await writeFile(path.join(directory, 'assets', 'a b.js'), 'export {}')
  await writeFile(path.join(directory, 'server.key'), 'key')
  await writeFile(path.join(scratch, 'secret.json'), '{}')
  await mkdir(path.join(scratch, 'renderer-two'))
  await writeFile(path.join(scratch, 'renderer-two', 'secret.json'), '{}')
  await symlink(path.join(scratch, 'secret.json'), path.join(directory, 'link.json'))
  await symlink(path.join(scratch, 'renderer-two'), path.join(directory, 'two'))
})
afterAll(() => rm(scratch, { recursive: true }))

const text = (body: Uint8Array | undefined): string => new TextDecoder().decode(body)

it('serves index.html with a nonce that policy and page agree on, and that no other response has', async () => {
  const [first, second] = await Promise.all([
    readPageFile(directory, 'GET', '/'),
    readPageFile(directory, 'GET', '/index.html'),
  ])
  const nonce = /'nonce-([^']+)'/.exec(first.headers['content-security-policy'] ?? '')?.[1] ?? ''
  expect(nonce.length).toBeGreaterThanOrEqual(22)
  expect(text(first.body)).toBe(
    `<meta property="csp-nonce" nonce="${nonce}"><style nonce="${nonce}"></style>`,
  )
  expect(text(second.body)).not.toContain(nonce)
  expect(first.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
})

it('states the whole policy', async () => {
  const { headers } = await readPageFile(directory, 'GET', '/')
  expect(headers['content-security-policy']?.replace(/'nonce-[^']+'/, 'NONCE')).toBe(
    `default-src 'none'; script-src 'self'; style-src 'self' NONCE; img-src 'self' data:; font-src 'self'; ` +
      `connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; ` +
      `require-trusted-types-for 'script'`,
  )
})

it('gives a script its type, and HEAD no body', async () => {
  const got = await readPageFile(directory, 'GET', '/assets/a%20b.js')
  expect([got.status, got.headers['content-type'], text(got.body)]).toEqual([
    200,
    'text/javascript; charset=utf-8',
    'export {}',
  ])
  const head = await readPageFile(directory, 'HEAD', '/assets/a%20b.js')
  expect([head.status, head.headers['content-length'], head.body]).toEqual([200, '9', undefined])
})

it.each([
  '/../secret.json',
  '/..%2fsecret.json',
  '/%2e%2e/secret.json',
  '/..%5csecret.json',
  '/assets/../../secret.json',
  '/./index.html',
  '/C:/secret.json',
  '/secret.json%00.html',
  '/%ff.html',
  'index.html',
  '',
])('refuses the path %j', async (pathname) => {
  expect(await readPageFile(directory, 'GET', pathname)).toMatchObject({ status: 400, body: undefined })
})

it.each([
  ['a link that leads out', '/link.json'],
  ['a linked directory whose name begins like ours', '/two/secret.json'],
  ['a file of a kind that is not ours', '/server.key'],
  ['a directory', '/assets'],
  ['a file that is not there', '/nothing.js'],
  ['an absolute path', '//etc/passwd.json'],
])('does not serve %s', async (_what, pathname) => {
  expect(await readPageFile(directory, 'GET', pathname)).toMatchObject({ status: 404, body: undefined })
})

it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', ''])('refuses the method %j', async (method) => {
  expect(await readPageFile(directory, method, '/')).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  })
})
