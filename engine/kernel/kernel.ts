import type { PageKernel } from './page-kernel.ts'
import { openTwinKernel } from './twin-kernel.ts'
import { openWasmKernel } from './wasm-kernel.ts'

/**
 * The kernel of this thread: WebAssembly with SIMD, or its plain twin where the runtime refuses that (interpreters
 * without a compiler, no address space left).
 */
export const kernel: PageKernel = openWasmKernel() ?? openTwinKernel()
