/** `1 backup`, `2 backups`: a number with its noun, as messages have them. `many` where the plural has no plain `s`. Pure. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
