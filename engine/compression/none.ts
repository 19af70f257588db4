import { EngineError } from '../base/engine-error.ts'
import type { PageCompression } from './page-compression.ts'

/** Pages as they are. */
export const nonePages: PageCompression = {
  name: 'none',
  compressPage: () => undefined,
  decompressPage: (payload) => {
    throw new EngineError('format.damaged', `a page that is not compressed has ${payload.length} bytes`)
  },
}
