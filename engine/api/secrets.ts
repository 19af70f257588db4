/** Passwords by name. The engine asks for one when it connects and never writes one down itself. */
export type SecretStore = {
  /** `memory`: everything is forgotten when the application ends. */
  readonly kind: 'keyring' | 'memory'
  read(name: string): Promise<string | undefined>
  write(name: string, value: string): Promise<void>
  remove(name: string): Promise<void>
}

/** A store for as long as the process lives: for the web host, the command line and tests. */
export function memorySecrets(): SecretStore {
  const secrets = new Map<string, string>()
  return {
    kind: 'memory',
    read: async (name) => secrets.get(name),
    write: async (name, value) => void secrets.set(name, value),
    remove: async (name) => void secrets.delete(name),
  }
}

/** The name under which the password of an instance is kept. */
export function secretName({
  catalog,
  instance,
}: {
  readonly catalog: string
  readonly instance: string
}): string {
  return `${catalog}\n${instance}`
}
