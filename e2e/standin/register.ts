/** Loaded before the application: `electron` becomes the stand-in, and the process says that it is Electron's main. */
import { registerHooks } from 'node:module'

const standin = new URL('./electron.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron' ? { url: standin, shortCircuit: true } : next(specifier, context),
})
Object.defineProperty(process, 'type', { value: 'browser' })
Object.defineProperty(process, 'versions', { value: { ...process.versions, electron: '0.0.0-standin' } })
