/** What stands in a log where a secret was. */
const MASK = '********'

/** Masks passwords inside connection strings and URLs, and every text of `secrets`. */
export function maskSecrets(text: string, secrets: Iterable<string> = []): string {
  let masked = text
    .replace(
      /\b(password|passwd|pwd|sslpassword)(\s*=\s*)('(?:[^'\\]|\\.|'')*'|"[^"]*"|[^\s'"]+)/gi,
      `$1$2${MASK}`,
    )
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi, `$1:${MASK}@`)
  for (const secret of secrets) if (secret !== '') masked = masked.replaceAll(secret, MASK)
  return masked
}
