/** The slot of a WAL receiver if nobody names one: a name that PostgreSQL takes, whatever the instance is called. */
export function slotNameFor(instance: string): string {
  return `tidemark_${instance.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`.slice(0, 63)
}
