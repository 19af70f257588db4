import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { formatCliDoc } from './cli-doc.ts'

writeFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'cli.md'), formatCliDoc())
