/**
 * Makes an object throw by name for everything it lacks: what the application uses and the stand-in has not cannot
 * pass silently. `then` is asked of whatever is awaited.
 */
export function loud<T extends object>(name: string, target: T): T {
  return new Proxy(target, {
    get(from, key) {
      if (!(key in from) && typeof key !== 'symbol' && key !== 'then') throw missing(`${name}.${key}`)
      // Methods find private fields only on the object itself.
      const value: unknown = Reflect.get(from, key, from)
      return typeof value === 'function' && !isClass(value) ? bound(value, from) : value
    },
    set(from, key, value) {
      if (!(key in from)) throw missing(`${name}.${String(key)}`)
      return Reflect.set(from, key, value, from)
    },
  })
}

/** A class of which every instance is {@link loud}, and it itself as well. */
export function loudClass<Args extends unknown[], T extends object, C extends new (...args: Args) => T>(
  name: string,
  target: C & (new (...args: Args) => T),
): C {
  return new Proxy(loud(name, target), {
    construct: (_target, args) => loud(name, new target(...(args as Args))),
  })
}

/** The failure for something that Electron has and the stand-in has not. */
export function missing(what: string): Error {
  return new Error(`the Electron stand-in has no ${what}`)
}

/** One line for the test that looks into the output. */
export function note(what: string, ...values: readonly unknown[]): void {
  process.stderr.write(`standin: ${what} ${JSON.stringify(values)}\n`)
}

const bindings = new WeakMap<object, Map<object, unknown>>()

/** The same function for the same method each time: listeners are taken off by identity. */
function bound(method: object, owner: object): unknown {
  let ofOwner = bindings.get(owner)
  if (ofOwner === undefined) bindings.set(owner, (ofOwner = new Map()))
  let found = ofOwner.get(method)
  if (found === undefined) ofOwner.set(method, (found = (method as CallableFunction).bind(owner)))
  return found
}

function isClass(value: CallableFunction): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value))
}
