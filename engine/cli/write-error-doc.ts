import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { formatErrorDoc } from './error-doc.ts'

// node engine/cli/write-error-doc.ts [FILE]
const file = process.argv[2] ?? path.join(import.meta.dirname, '..', '..', 'docs', 'errors.md')
writeFileSync(file, formatErrorDoc())
