import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { formatCliDoc } from './cli-doc.ts'

// node engine/cli/write-cli-doc.ts [FILE]
const file = process.argv[2] ?? path.join(import.meta.dirname, '..', '..', 'docs', 'cli.md')
writeFileSync(file, formatCliDoc())
