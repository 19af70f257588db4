import { realpath } from 'node:fs/promises'
import path from 'node:path'

/** Whether two directories are one, or one lies in the other, links followed. Neither needs to be there. */
export async function overlap(one: string, other: string): Promise<boolean> {
  const [a, b] = [await realPath(one), await realPath(other)]
  return isWithin(a, b) || isWithin(b, a)
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(path.sep) ? outer : `${outer}${path.sep}`)
}

/** Links are followed as far as there is something; what cannot be looked at is taken as it is written. */
async function realPath(written: string): Promise<string> {
  const whole = path.resolve(written)
  const absent: string[] = []
  for (let at = whole; at !== path.dirname(at); at = path.dirname(at)) {
    try {
      return path.join(await realpath(at), ...absent)
    } catch {
      absent.unshift(path.basename(at))
    }
  }
  return whole
}
