import { type RelationBlock, relationSegmentPath } from '../../format/file-names.ts'
import { PAGE_BYTES, SEGMENT_BLOCKS } from '../../format/page-header.ts'
import { type ChangedPages, PageMap } from '../../format/page-map.ts'
import type { SourceEntry } from './list-files.ts'

/** What is needed of a file that was listed to say where its changes end. */
export type ListedFile = Pick<SourceEntry, 'path' | 'sizeBytes' | 'segmentNumber' | 'isDataFile'>

/** Gathers what has changed in a cluster, from whatever source knows it: single blocks, and whole files from a block on. */
export class ChangedFiles {
  readonly #versionDirectory: string
  readonly #maps = new Map<string, PageMap>()
  /** The first block that was lost, by the path of the relation's first file. */
  readonly #cuts = new Map<string, number>()
  readonly #copiedDirectories = new Set<string>()

  /** `versionDirectory` is what the server calls its directory in a tablespace. */
  constructor(versionDirectory: string) {
    this.#versionDirectory = versionDirectory
  }

  /** A block counts within its relation. */
  addBlock(block: RelationBlock): void {
    this.#mapOf(this.#pathOf(block)).add(block.block % SEGMENT_BLOCKS)
  }

  /** The relation was made anew or cut off: from that block to its end everything counts as changed. */
  addCut(from: RelationBlock): void {
    const path = this.#pathOf({ ...from, block: 0 })
    this.#cuts.set(path, Math.min(from.block, this.#cuts.get(path) ?? from.block))
  }

  /** The files of a whole database were copied. */
  addCopiedDatabase(database: Pick<RelationBlock, 'tablespaceOid' | 'databaseOid'>): void {
    this.#copiedDirectories.add(directoryOf(this.#pathOf({ ...database, relationNumber: 1, block: 0 })))
  }

  /** The changes as maps, ends of cut files as they were listed. */
  inFiles(sources: readonly ListedFile[]): ChangedPages {
    for (const { path, sizeBytes, segmentNumber, isDataFile } of sources) {
      if (!isDataFile) continue
      const firstFile = segmentNumber === 0 ? path : path.slice(0, path.lastIndexOf('.'))
      const from = this.#copiedDirectories.has(directoryOf(path)) ? 0 : this.#cuts.get(firstFile)
      if (from === undefined) continue
      const end = Math.floor(sizeBytes / PAGE_BYTES)
      for (let block = Math.max(0, from - segmentNumber * SEGMENT_BLOCKS); block < end; block++)
        this.#mapOf(path).add(block)
    }
    return this.#maps
  }

  #pathOf(block: RelationBlock): string {
    return relationSegmentPath(block, this.#versionDirectory)
  }

  #mapOf(path: string): PageMap {
    const known = this.#maps.get(path)
    if (known !== undefined) return known
    const map = new PageMap()
    this.#maps.set(path, map)
    return map
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
