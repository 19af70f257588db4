import type { CompressAlgorithm } from '../format/backup-control.ts'

/** One way to make stored pages smaller. Pages have 8192 bytes. Source: `catalog-format.md` section 5.2. */
export type PageCompression = {
  readonly name: CompressAlgorithm
  /** The payload to store, or undefined when the page is to be stored as it is because nothing is gained. */
  compressPage(page: Uint8Array): Uint8Array | undefined
  /**
   * Fills `target` with the page that a payload of fewer than 8192 bytes holds. A payload of 8192 bytes is the page
   * itself and is not for this. On failure `target` holds rubbish.
   *
   * @throws {EngineError} `format.damaged`
   */
  decompressPage(payload: Uint8Array, target: Uint8Array): void
}
