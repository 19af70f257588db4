import { config } from 'zod'

// The page's policy forbids code made at run time; zod must not even try. Imported before anything that has schemas.
config({ jitless: true })
