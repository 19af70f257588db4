import { useEffect, useState } from 'react'
import type { InstanceRef } from '../../../engine/api/contract/values.ts'
import type { Filter } from './filter-bar.tsx'

/** The filter of an instance. Its words are kept for the next time; a range of time would then mean something else. */
export function useFilter({
  catalog,
  instance,
}: InstanceRef): readonly [filter: Filter, setFilter: (filter: Filter) => void] {
  const key = `tidemark.filter ${catalog} ${instance}`
  const [filter, setFilter] = useState<Filter>(() => ({ words: readWords(key), range: undefined }))
  useEffect(() => {
    writeWords(key, filter.words)
  }, [key, filter.words])
  return [filter, setFilter]
}

/** A value once it has been the same for a while: what costs more than a frame need not follow every move. */
export function useSettled<Value>(value: Value, afterMs: number): Value {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), afterMs)
    return () => clearTimeout(timer)
  }, [value, afterMs])
  return settled
}

function readWords(key: string): readonly string[] {
  try {
    const words: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(words) ? words.filter((word) => typeof word === 'string') : []
  } catch {
    // A browser may refuse to keep anything, and what was kept may be damaged: then nothing is filtered.
    return []
  }
}

function writeWords(key: string, words: readonly string[]): void {
  try {
    if (words.length === 0) localStorage.removeItem(key)
    else localStorage.setItem(key, JSON.stringify(words))
  } catch {
    // It holds as long as this screen does.
  }
}
