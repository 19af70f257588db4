#!/usr/bin/env node

// Nothing is imported before the version is known to be new enough to understand it.
const OLDEST_NODE = 24
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < OLDEST_NODE) {
  process.stderr.write(
    `ERROR: Tidemark needs Node.js ${OLDEST_NODE} or newer, and this is ${process.versions.node}\n` +
      'HINT: Install a newer Node.js, or run "npx tidemark" in the project, which brings its own.\n',
  )
  process.exitCode = 1
} else {
  const { main } = await import('./process-world.ts')
  process.exitCode = await main(process.argv.slice(2))
}
