/** The slot that the WAL receiver of an instance takes if nobody names one: PostgreSQL takes it, for any name of an instance. */
export function slotNameFor(instance: string): string {
  return `tidemark_${instance.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`.slice(0, 63)
}
