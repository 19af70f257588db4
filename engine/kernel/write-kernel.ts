import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { compileKernel, formatKernelCode } from './compile-kernel.ts'

// node engine/kernel/write-kernel.ts
writeFileSync(path.join(import.meta.dirname, 'kernel-code.ts'), formatKernelCode(await compileKernel()))
