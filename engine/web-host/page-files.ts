import { randomBytes } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import path from 'node:path'

/** Stands in `index.html` wherever the nonce of a response belongs; vite writes it (`html.cspNonce`). */
const NONCE_PLACEHOLDER = '__CSP_NONCE__'

/** What a build of the window consists of. A file of another kind is not served. */
const MIME_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
}

/** An answer to a request for a file of the window; the same over HTTP and over `app://`. */
type PageResponse = {
  readonly status: 200 | 400 | 404 | 405
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for an answer without a body: a refusal, or one to `HEAD`. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
}

/**
 * Answers a request for a file of the built window in `directory`. Never throws for a bad request: it is a refusal.
 * `pathname` is the path of the URL, still percent-encoded. `/` is `index.html`, which gets a fresh nonce each time.
 * Nothing outside `directory` is read, also not through a symbolic link.
 */
export async function readPageFile(
  directory: string,
  method: string,
  pathname: string,
): Promise<PageResponse> {
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, { allow: 'GET, HEAD' })
  const relative = parsePathname(pathname)
  if (relative === undefined) return refusal(400)
  const type = MIME_TYPES[path.posix.extname(relative)]
  const content = type === undefined ? undefined : await findContained(directory, relative)
  if (type === undefined || content === undefined) return refusal(404)

  const isDocument = type.startsWith('text/html')
  const nonce = randomBytes(18).toString('base64')
  const body = isDocument
    ? new TextEncoder().encode(new TextDecoder().decode(content).replaceAll(NONCE_PLACEHOLDER, nonce))
    : content
  return {
    status: 200,
    headers: {
      ...guardHeaders(nonce),
      'content-type': type,
      'content-length': String(body.byteLength),
      'cache-control': isDocument ? 'no-store' : 'no-cache',
    },
    body: method === 'HEAD' ? undefined : body,
  }
}

/** What the window may load and do. Style needs a nonce for the few sheets that a library writes at run time. */
function contentSecurityPolicy(nonce: string): string {
  return [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
    `require-trusted-types-for 'script'`,
  ].join('; ')
}

/** The path below the directory, or undefined for one that no build of ours asks for. */
function parsePathname(pathname: string): string | undefined {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  if (!decoded.startsWith('/') || /[\\\0:]/.test(decoded)) return undefined
  const parts = decoded.slice(1).split('/')
  if (parts.includes('..') || parts.includes('.')) return undefined
  return decoded === '/' ? 'index.html' : parts.join('/')
}

async function findContained(
  directory: string,
  relative: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const root = await realpath(directory)
    const file = await realpath(path.join(root, relative))
    return file.startsWith(root + path.sep) ? new Uint8Array(await readFile(file)) : undefined
  } catch (failed) {
    // Absent, a directory, unreadable: none of it is the caller's to know.
    if (failed instanceof Error && 'code' in failed) return undefined
    throw failed
  }
}

function refusal(status: 400 | 404 | 405, headers: Record<string, string> = {}): PageResponse {
  return { status, headers: { ...guardHeaders(''), ...headers, 'content-length': '0' }, body: undefined }
}

function guardHeaders(nonce: string): Record<string, string> {
  return {
    'content-security-policy':
      nonce === '' ? `default-src 'none'; frame-ancestors 'none'` : contentSecurityPolicy(nonce),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  }
}
