import path from 'node:path'
import { main } from 'assemblyscript/asc'
import { assert } from '../base/assert.ts'

/** 13 MiB and 256 KiB in pages of 64 KiB: what may be reserved, the scratch area and the kernel's tables. */
const MEMORY_PAGES = 212

const OPTIONS = [
  '--outFile kernel.wasm -O3 --converge --runtime stub --noAssert --enable simd --enable relaxed-simd',
  `--initialMemory ${MEMORY_PAGES} --maximumMemory ${MEMORY_PAGES}`,
].flatMap((line) => line.split(' '))

/** Compiles `assembly/kernel.ts`. The same source gives the same bytes: paths and times are not in them. */
export async function compileKernel(): Promise<Uint8Array> {
  let code: Uint8Array | undefined
  const { error, stderr } = await main(
    ['kernel.ts', '--baseDir', path.join(import.meta.dirname, 'assembly'), ...OPTIONS],
    {
      writeFile: (_name, contents) => {
        assert(typeof contents !== 'string', 'the compiler writes one binary file')
        code = contents
      },
    },
  )
  if (error !== null || code === undefined) throw new Error(stderr.toString(), { cause: error })
  return code
}

/** The text of `kernel-code.ts`, which carries the compiled kernel so that nothing has to be built before a start. */
export function formatKernelCode(code: Uint8Array): string {
  const lines =
    Buffer.from(code)
      .toString('base64')
      .match(/.{1,100}/g) ?? []
  return [
    '/** Written by `npm run build:kernel` from `assembly/`: the kernel as WebAssembly, in base64. */',
    'export const KERNEL_CODE = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('')",
    '',
  ].join('\n')
}
