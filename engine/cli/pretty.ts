/**
 * A size in the unit that keeps at most five digits, rounded half up: `7821kB`, `16MB`.
 * What is unknown or not positive is `0`. Source: `catalog-format.md` section 14.1.
 */
export function prettySize(bytes: number | undefined): string {
  if (bytes === undefined || bytes <= 0) return '0'
  if (bytes < 10240) return `${bytes}B`
  // One extra bit is kept, so that the last step can round.
  let halves = Math.floor(bytes / 512)
  for (const unit of ['kB', 'MB', 'GB']) {
    if (halves < 20479) return `${Math.floor((halves + 1) / 2)}${unit}`
    halves = Math.floor(halves / 1024)
  }
  return `${Math.floor((halves + 1) / 2)}TB`
}

/**
 * A length of time in its two largest units: `2d:3h`, `1h:5m`, `2m:10s`, `10s`, `1s:500ms`, `20ms`, `0`.
 * Source: `catalog-format.md` section 14.1.
 */
export function prettyDuration(seconds: number): string {
  if (seconds <= 0) return '0'
  const whole = Math.floor(seconds)
  const days = Math.floor(whole / 86400)
  const hours = Math.floor(whole / 3600) % 24
  const minutes = Math.floor(whole / 60) % 60
  const rest = whole % 60
  const ms = Math.floor((seconds - whole) * 1000)
  if (days > 0) return `${days}d:${hours}h`
  if (hours > 0) return `${hours}h:${minutes}m`
  if (minutes > 0) return `${minutes}m:${rest}s`
  if (rest > 0) return ms > 0 ? `${rest}s:${ms}ms` : `${rest}s`
  return `${ms}ms`
}

/** One line of a terminal table: ` text ` in each column; `right` names the columns that end flush. */
export function formatTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[],
  paint: (title: string, text: string) => string = (_title, text) => text,
): string {
  const widths = titles.map((title, column) => {
    // Not Math.max(...rows): ten thousand rows are too many arguments for comfort.
    let width = title.length
    for (const row of rows) width = Math.max(width, row[column]?.length ?? 0)
    return width
  })
  const rule = '='.repeat(widths.reduce((sum, width) => sum + width + 2, 0))
  const line = (cells: readonly string[], decorate: typeof paint): string =>
    titles
      .map((title, column) => {
        const text = cells[column] ?? ''
        const blank = ' '.repeat((widths[column] ?? 0) - text.length)
        const shown = decorate(title, text)
        return right.includes(title) ? ` ${blank}${shown} ` : ` ${shown}${blank} `
      })
      .join('')
  const plain = (_title: string, text: string): string => text
  return [rule, line(titles, plain), rule, ...rows.map((row) => line(row, paint)), ''].join('\n')
}
