import type { Figure, FigureBasis } from '../../engine/base/figures.ts'
import { formatBytes } from './format.ts'
import type { Say } from './i18n.ts'

/** What is nearer together than this is one figure to a reader. */
const NOTICEABLE = 1.1

/** An amount of bytes with the word that says how sure it is. */
export function sayBytes(say: Say, figure: Figure): string {
  return sayFigure(say, figure, (low, high) => joined(formatBytes(low), formatBytes(high)))
}

/** A time with the word that says how sure it is; nobody needs seconds here. */
export function saySeconds(say: Say, figure: Figure): string {
  if (figure.kind !== 'unknown' && figure.high < 60) return say('backup.takes-soon')
  return sayFigure(say, figure, (low, high) => {
    const [from, to] = [inUnit(low), inUnit(high)]
    if (from.unit !== to.unit)
      return joined(
        say(`backup.${from.unit}`, { text: from.count }),
        say(`backup.${to.unit}`, { text: to.count }),
      )
    const text = from.count === to.count ? to.count : `${from.count}–${to.count}`
    return say(`backup.${to.unit}`, { text })
  })
}

function inUnit(seconds: number): { readonly unit: 'minutes' | 'hours'; readonly count: string } {
  return seconds >= 2 * 3600
    ? { unit: 'hours', count: String(Math.round(seconds / 3600)) }
    : { unit: 'minutes', count: String(Math.max(1, Math.round(seconds / 60))) }
}

/** What a figure rests on, one phrase for each thing. */
export function sayBases(say: Say, figure: Figure): readonly string[] {
  if (figure.kind === 'unknown') return [say('backup.basis-none')]
  const phrases = figure.bases.map((basis) => sayBasis(say, basis))
  return figure.kind === 'at-most' ? [...phrases, say('backup.basis-none')] : phrases
}

function sayFigure(say: Say, figure: Figure, format: (low: number, high: number) => string): string {
  switch (figure.kind) {
    case 'unknown':
      return say('backup.unknown')
    case 'at-most':
      return say('backup.at-most', { text: format(figure.high, figure.high) })
    case 'about': {
      const { low, high } = figure
      if (low === 0 && high > 0) return say('backup.at-most', { text: format(high, high) })
      const middle = (low + high) / 2
      return say('backup.about', {
        text: high <= low * NOTICEABLE ? format(middle, middle) : format(low, high),
      })
    }
  }
}

/** A range that names a unit once where both ends have it. */
function joined(low: string, high: string): string {
  if (low === high) return high
  const [number, unit] = low.split(' ')
  return `${unit === high.split(' ')[1] ? number : low}–${high}`
}

function sayBasis(say: Say, basis: FigureBasis): string {
  switch (basis.kind) {
    case 'listed':
    case 'databases':
    case 'wal':
    case 'counted':
      return say(`backup.basis-${basis.kind}`)
    case 'backup':
      return say('backup.basis-backup', { id: basis.id })
    case 'compression':
      return say('backup.basis-compression', { count: basis.count })
    case 'changes':
      return basis.mode === undefined
        ? say('backup.basis-changes-any', { count: basis.count })
        : say('backup.basis-changes', { count: basis.count, mode: basis.mode })
    case 'lists':
    case 'merges':
      return say(`merge-cost.basis-${basis.kind}`, { count: basis.count })
    case 'durations':
      return say('backup.basis-durations', { count: basis.count, mode: basis.mode })
  }
}
