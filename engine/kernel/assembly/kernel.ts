/** What the engine may call. `engine/kernel/wasm.ts` has the same list with its types. */
export { crc32c } from './crc32c'
export { lz4Compress, lz4Decompress, LZ4_OUTPUT } from './lz4'
export { pageChecksum } from './page-checksum'
export { scanPages, scanRecords, CHECKSUMS, LSNS, VERDICTS } from './scan-pages'
export { scanWal } from './scan-wal'

/** Below this lies what the kernel needs for itself; from here on the memory is the caller's. */
export const FREE: usize = __heap_base
