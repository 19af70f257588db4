import { enableCompileCache } from 'node:module'

// Every thread would strip and compile the same modules again; the command line says where that is kept.
if (process.env['NODE_COMPILE_CACHE'] !== undefined) enableCompileCache()
await import('./run-tasks.ts')
