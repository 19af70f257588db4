import { type Command, EXIT } from '../context.ts'

/** Makes an empty catalog. */
export const init: Command = async ({ client, given, log, signal }) => {
  const { path } = await client['catalogs.create']({ path: given.requireCatalog() }, { signal })
  log.info(`the backup catalog ${path} was created`)
  return EXIT.success
}
