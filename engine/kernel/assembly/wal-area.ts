/** Where what stands in the area of a scan; `engine/kernel/wal-scan.ts` says what it is, and has the same numbers. */
export const MODE: usize = 0
export const STATUS: usize = 4
export const TIMELINE: usize = 8
export const PAGE_TIMELINE: usize = 12
export const SYSTEM: usize = 16
export const NEXT_PAGE: usize = 24
export const PREVIOUS: usize = 32
export const PENDING: usize = 40
export const PENDING_TOTAL: usize = 48
export const PENDING_GOT: usize = 52
export const PENDING_CRC: usize = 56
export const SEGMENT_BYTES: usize = 60
export const OVERWRITTEN: usize = 64
export const PROBLEM: usize = 72
export const MAGIC: usize = 80
export const START: usize = 84
export const OUTPUT_USED: usize = 88
export const COUNTER_COUNT: usize = 92
export const RECORD_COUNT: usize = 96
export const CREATED: usize = 128
export const SLOTS: usize = 4224
export const COUNTERS: usize = 36992
export const KEPT: usize = 299136
export const OUTPUT: usize = 561280
export const AREA_END: usize = 1085568

export const SLOTS_BYTES: usize = COUNTERS - SLOTS
export const SLOT_MASK: u32 = 16383
export const COUNTER_BYTES: usize = 32
export const MOST_COUNTERS: u32 = 8192
export const KEPT_BYTES: u32 = 262144
export const OUTPUT_HEADER: u32 = 32
export const CREATED_MASK: u32 = 1023
/** What one page can give beside a record that began before it. */
export const MOST_OF_PAGE: u32 = 20480
export const MOST_RECORDS_OF_PAGE: u32 = 512

export const MODE_SEEK: u32 = 0
export const MODE_READ: u32 = 1
export const MODE_PENDING: u32 = 2

export const STATUS_MORE: u32 = 0
export const STATUS_FULL: u32 = 1
export const STATUS_SWITCHED: u32 = 2
export const ZEROED: u32 = 16
export const WRONG_ADDRESS: u32 = 17
export const CRC_MISMATCH: u32 = 18
export const BAD_MAGIC: u32 = 19
export const BAD_PAGE: u32 = 20
export const WRONG_SYSTEM: u32 = 21
export const WRONG_TIMELINE: u32 = 22
export const BAD_CONTINUATION: u32 = 23
export const BAD_RECORD: u32 = 24
