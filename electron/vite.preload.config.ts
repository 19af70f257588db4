import { defineConfig } from 'vite'

/** A sandboxed preload cannot import: it is one CommonJS file that requires nothing but Electron. */
export default defineConfig({
  publicDir: false,
  build: {
    target: 'chrome140',
    outDir: 'dist/electron',
    emptyOutDir: false,
    minify: false,
    sourcemap: 'inline',
    lib: { entry: 'electron/preload.ts', formats: ['cjs'], fileName: () => 'preload.cjs' },
    rolldownOptions: { external: ['electron'], output: { codeSplitting: false } },
  },
})
