import { inflateRawSync } from 'node:zlib'

/**
 * Pages of system tables and the map of a database of PostgreSQL 15, 17 and 18 and what those servers say about them,
 * after `vacuum full pg_class` and: `ledger` made with a key, `second_name` made as `first_name`, `dropped` made and dropped,
 * `never` made and rolled back, `"Söme"."表"` and `kept` made.
 */
export const RECORDED = [
  {
    major: 15,
    /** OID, name, schema, file, table of long values, kind. */
    relations: [
      [16391, 'ledger', 2200, 16391, 16394, 'r'],
      [16394, 'pg_toast_16391', 99, 16394, 0, 't'],
      [16395, 'pg_toast_16391_index', 99, 16395, 0, 'i'],
      [16396, 'ledger_pkey', 2200, 16396, 0, 'i'],
      [16398, 'second_name', 2200, 16398, 0, 'r'],
      [16404, '表', 16390, 16404, 0, 'r'],
      [16410, 'kept', 2200, 16410, 0, 'r'],
    ],
    schemas: [
      [11, 'pg_catalog'],
      [99, 'pg_toast'],
      [2200, 'public'],
      [13124, 'information_schema'],
      [16390, 'Söme'],
    ],
    databases: [
      [1, 'template1', 6],
      [4, 'template0', 6],
      [5, 'postgres', 6],
    ],
    mapped: [
      [1247, 1247],
      [1249, 1249],
      [1255, 1255],
      [1259, 16384],
      [2658, 2658],
      [2659, 2659],
      [2662, 16387],
      [2663, 16388],
      [2690, 2690],
      [2691, 2691],
      [2703, 2703],
      [2704, 2704],
      [2836, 2836],
      [2837, 2837],
      [3455, 16389],
      [4171, 4171],
      [4172, 4172],
    ],
    map: unpack(
      'E1ePZBBkYGB4zcLAwODAwPCQBYKfQ/F9KBbhhmBRKPYWgGAfKG7iguBmKO6H4glQnATFyVCcBlTH7MDAkM7FwMDiwMBQz8vAwOrAMAroBOZFX1oOogE=',
    ),
    /** The last page. */
    classPage: unpack(
      '7ZfNT9NwGMefp2zABiIIASWabEfjBcKi8WQT/Q+8NPFQBvuxLIzul7YiGCMzxhgjwuT9TQG9eDQ9m+g/YMKFTPElHk28+B9gfqOj5RkQ2y3ZpU9CMlry9PN9+TUDAKDPmsBrHwDy0N4KsVCsKAHENi2UX1tYeKXg+w0Ld9YtjK0rKK9ZOLhq4fsVBXeWLfy7ZKG8pODgooX5BQu35i38O6egPKdg4aWCvwoK9hUUzM8quDOjYGxGQf5CwU/TCrZPKwjBBBNMMMEEE0wwwQQTTN3mp+T+LQq9EAeMxPb392+UrvTKAKOMm9U8Y6UZ4KJcfgKAZO91Jv/R+cz1w38SMHXIWL72g/BeELxRh7dHBtDYONOr5L1AeHs88P5w8X4nvOeJv10ywO/td1Vl2CgDdBPeLg+83128exLAN+lgh9jWA/EYhh3eDhkgpec4Z6mq/O0kvB0eePdcvF+Jv93C38sOb5sMYLDhnJZSteQY883bTnjbPPB+cfGKzw5zifeIv2LvSEY3TP+4NeUt2qxhe1sX6W+rDJBlqTTTVT7KJn3zOo4AzOPB3hJSxV/zjMOrVdwt84bsbZ0Qz7v70HTIW937IUL8bTrG36gs+LkuEX+Lx/hbPm/niL8tMgBPq2YuaZhq/9WB6/1qRkuxCS+8w1Dpb8sp/kr/4S/a2zoIb7SC17u/lFey9x7XXwRuNhBe6m/Rdd46IS7Hw/XpQ/m8ndaHXftmxN52FuLQUOrvVOnKn1DJ3+Fs0jD88rYAwG3ir/se5D/fdPmrx4m/uzbvnTJ0JHSwBO2F4mfq+Ae8Je/rNqHviqNvKwFw12C6OpbkPKOl/Yi8NQDwJuE8vnKO5DHeUO4z6bsffdtE3xmib53oU3PczOQ0w6u+Vx70hWuob5Oc/1Zx/q8452kpAaDytFpNhkLfigd9TSfoE/Oa5NFC8phLAIzkdJZJa6qZHMoyw1/fFuqUxwbRFyX6Zqg+H4UT+gp10rdG+hYhfXtm962aDIW+5zXq2yrJo5nk8cSVh8H0caYbvvr2tAa8fvJYJvqaiL5HFfq8F07oe+xBX6iG+hZJ3xpJ3x6QvvnJUOh76EFf5JS+LZA8wiSPCVceqaSZVO/pSc69EQve+3U6/3NEX4joM0/Q56V1Qt94nfpWIH1rIH3jpG9+MhT69Bq932ZJHhLJI5sAGM5l745pfr7ZOLyaB97GGuYxTfQh0TeUAGBZNsY0UzUnOfP7/TTlQd+lGur7Bw==',
    ),
    schemaPage: unpack(
      '7dmxasJAGAfw/3e9GE07dAyRgh2Lo0tHB99A6NJBrsFqwBjRiI4+gqOLtWOfoLPQd+hz9BFK6oWikEGldPn/4MgdCd/97+O2AMBbeybzB+AeyxvUdA0ANASvmy0cCK43gSxeAnEh+FoHslxvQURERERERERERERERET0167U7il27UIv1J2PVgOIhs/JODZplAw7k7Dfjc1xtT0Aj3nhigaU3cizAxe/H9oEWZ48k83TvHV8tyjPp9rfs5z9ia34bqkJtD/e4+4ZvfGK+lP/v/6UDvI4Ns+qDIymT4MoPP28Vb8gT/YiG3men/l+npy2eS4BjHqd0KRmkPRO7/+x/ZGDGsreh3CXJ03MJD3nPnwD',
    ),
    databasePage: unpack(
      '7dk7TsNAFIXh/9oey6GIvILghoLOrCENW4ioCLJogoiwe1gCK0hWQJ8yG0AEpWE3g8YQklhUJKI6XzNzpXmcK003AItRbR8vRkk2oEgKAIeRYmSzzEJ9OR/b82zczkVEREREREREREREREREgvdov07Jn+Lzws+/6wRoqrvp5Lqpyj/ecdKeCzcG3nv/GkH4uHxMwQ3d8Grzi9lLIOSxnY1kX2M77/+cuerkdp3ctpP74uDcdrTcb9F+dke+jM8Kf9rJve70F5MT97brHDC9r5vbh6rm0P74vb+QQ+/jf9/HJw==',
    ),
  },
  {
    major: 17,
    /** OID, name, schema, file, table of long values, kind. */
    relations: [
      [16391, 'ledger', 2200, 16391, 16394, 'r'],
      [16394, 'pg_toast_16391', 99, 16394, 0, 't'],
      [16395, 'pg_toast_16391_index', 99, 16395, 0, 'i'],
      [16396, 'ledger_pkey', 2200, 16396, 0, 'i'],
      [16398, 'second_name', 2200, 16398, 0, 'r'],
      [16404, '表', 16390, 16404, 0, 'r'],
      [16410, 'kept', 2200, 16410, 0, 'r'],
    ],
    schemas: [
      [11, 'pg_catalog'],
      [99, 'pg_toast'],
      [2200, 'public'],
      [13134, 'information_schema'],
      [16390, 'Söme'],
    ],
    databases: [
      [1, 'template1', 6],
      [4, 'template0', 6],
      [5, 'postgres', 6],
    ],
    mapped: [
      [1247, 1247],
      [1249, 1249],
      [1255, 1255],
      [1259, 16384],
      [2658, 2658],
      [2659, 2659],
      [2662, 16387],
      [2663, 16388],
      [2690, 2690],
      [2691, 2691],
      [2703, 2703],
      [2704, 2704],
      [2836, 2836],
      [2837, 2837],
      [3455, 16389],
      [4171, 4171],
      [4172, 4172],
    ],
    map: unpack(
      'E1ePZBBkYGB4zcLAwODAwPCQBYKfQ/F9KBbhhmBRKPYWgGAfKG7iguBmKO6H4glQnATFyVCcBlTH7MDAkM7FwMDiwMBQz8vAwOrAMAoGCPz43dsMAA==',
    ),
    /** The last page. */
    classPage: unpack(
      '7ZddaBxVFIDP2WyS3U1No9YmDWnNokKkT6WLKCIOKoKICio4gnYYd282Q3Znh5nZTYNIIvYn/UmbNDWuaRurpRhKRX3zzXLxoY8+5lEoVbF98NG36N2dzUzPbot3Nsso9EJIdjfc/b5zzj33DADA0+9P4U8FgKuQiMNofBQAYOgLjhOrKs5e4Fg9z/G7cxyvr3D85XOOf1U5DlQ5jn3GUVnmqH7K0TrL8dqSiutnOP65yFFZVHFhQcW10xyvneK4Ps9xbF5F5SRH9QRH6zjHuWMc9wDC+pyKY3MqHjyq4vUjKsIswpD3e+Kwij8cUjFx6J/X99f99T9Zf8SCr1LwGKQBE6MbGxvP197ZoQD8/uVaW9/RowDsVBrfABDz9vXX7I/+35a9eYAwt8nYeO824X1C8CZ93mEFYJJZbju81QTACOEdluC9HeC9RXgfF7wpn3dQATBZhdlt8u4ivIMSvLcCvC3rIfnfrYffCG9a8D7p8/YrAA7LlsycZupFFjq+A4S3X4L31wDvTY+329vtURLfbQpAgeXyzNasSTYdmtePCMAS1vetITX9t2X4vGbTpw3euLfbHkjPBuPbu8nbXv0mSXx7W8Q3pQh+y46R+N5sEd+Yt9tuEt8+BcDKa25Jd1xt31P7n9mnGWaOHZThzUJzfPvuEd/Yv4gveruNEN5UE698fClvzNu3Vf0iWG4X4Q3G94bHm/R2G4Y0dNXqYabeS+I13mxBd5yw9dAHAG8R3uBnAD+/GOC104T3hsc72YBOxuuboLeh+JlRmoMSWN+TvrJLeO71PdcyAGWH2VpRtyzDzIeRfX0/wJWMj9C87ugrla5GnZA6asfzW+I5RDwvEU+tZLlGyXRkPS9LeHZ3wPMK8RwknssZgPGSzYy8qbn6BwUWQlR4ViP2XCP9ZKfoJ3v9frKYAdCsvHaHqyNft0sSnr138RTra5KXR0he5gN5cZhdYbYT6pyd3gLedvJymXjuIJ7HmjzlC1B4npDwjHfA8wLxfJh4ljMA2VKhXDTDdBLfc0rCs6cDnt+Qc/YQOWer3jlr544Qnhe36JydI7wPEl6rVV/Q6plyJHjtLag/sVZIHQ2QOprMALACKzLT1dxpi4W9f4sSvCMdqKMq8dxOPMczADnd1WuSmmUbFaPA8kz6/p2I+F66ROqvn9TfYVJ/YXq98Dwq4Zm8R/0tk7w8QPKiZwAqBpsKPeR6vFkJ3lQH8nKWeG4jnu95nl5DKDt6noXxPBBxv/6KePYRz48D92/tvE3ZumXJVaDw/CTic3aGeKaI5zuNfNqlsmuYoTIqPN+NOJ8LxDNJPN9seHrDRpjCFZ5vRzw3niKeCeL5WuP5LMfGDZPlwlyGwvMNCc/dHfC8SDx7iedHdzmfMlOk8JyJeD4+STx7iOcrGQC71Oi0Wt7WTTfM3PiqhGeiA55XiWc38Vyhz9shnwPOR9xvjxPPOPF8qXY+RSrDzW4Nz5cjzucc8ewinspm3ebccFVb93wh4n67SubUGJlTp8mcGmZWEJ4fbtFz3RGSFyR5eVbUX85to/rqvM9FnJe/AQ==',
    ),
    schemaPage: unpack(
      '7dlBSsNAFAbg/00nJo1bwaAI7bJx6cZlT+DGA5Qx1BpsmmCjdKm3cFPrKVwXvIBLD+BBJGYiNtKFqdDN/8EQhgxv/ryZXQDgTd3J/gNwitkROroDABqC58USDgTeIpTsKRQXgvd5KLP5EkRERERERERERERERERE/+VAlU+xcxf6XvUCnJ0A8eQyvUlMHqeTwTS6Gibmb7V9ANdV4bYGlN3ItwOt1cXfKcpcVTabq991Aree60Ot7ukVf1zbgbvTB85fX5LhBr3x1/XnePv92avlcmyuRw/Ibi/GcdT8uw+DNbmKF8X4metr/jtXRdtcuwCy0SAyuRmno+bn0bRfUqul7D2Jylx5aqb5JvfkEw==',
    ),
    databasePage: unpack(
      '7dk9TgJBGMbx/7u7swEKi+0oSKaxsMMTYMJJjNlYCIEs20tjPIUfR/EeBIy3oBuzG0V2QwUmFj6/at7JfDxvMt0AvPYLe3g0hmwH+MQDOIwUY/vUsaq+eils+VzUYxERERERERERERERERH5n96jZp2SLeMLH0Zf8wlQ5tP55LrMh0fe0avPhRuDEEJYRVB9VN6n4MZufPf9a9lNoLrX9jbS+RnX9Vnj7E0rv2vlt738lyfnt1/Pv46aPTiyt/jch49WXzEZcdeH0W4dzGeL8rbIF5zaF4f7qnLoffzt+/gE',
    ),
  },
  {
    major: 18,
    /** OID, name, schema, file, table of long values, kind. */
    relations: [
      [16391, 'ledger', 2200, 16391, 16395, 'r'],
      [16395, 'pg_toast_16391', 99, 16395, 0, 't'],
      [16396, 'pg_toast_16391_index', 99, 16396, 0, 'i'],
      [16397, 'ledger_pkey', 2200, 16397, 0, 'i'],
      [16399, 'second_name', 2200, 16399, 0, 'r'],
      [16405, '表', 16390, 16405, 0, 'r'],
      [16411, 'kept', 2200, 16411, 0, 'r'],
    ],
    schemas: [
      [11, 'pg_catalog'],
      [99, 'pg_toast'],
      [2200, 'public'],
      [13144, 'information_schema'],
      [16390, 'Söme'],
    ],
    databases: [
      [1, 'template1', 6],
      [4, 'template0', 6],
      [5, 'postgres', 6],
    ],
    mapped: [
      [1247, 1247],
      [1249, 1249],
      [1255, 1255],
      [1259, 16384],
      [2658, 2658],
      [2659, 2659],
      [2662, 16387],
      [2663, 16388],
      [2690, 2690],
      [2691, 2691],
      [2703, 2703],
      [2704, 2704],
      [2836, 2836],
      [2837, 2837],
      [3455, 16389],
      [4171, 4171],
      [4172, 4172],
    ],
    map: unpack(
      'E1ePZBBkYGB4zcLAwODAwPCQBYKfQ/F9KBbhhmBRKPYWgGAfKG7iguBmKO6H4glQnATFyVCcBlTH7MDAkM7FwMDiwMBQz8vAwOrAMAoGCPz43dsMAA==',
    ),
    /** The last page. */
    classPage: unpack(
      '7ZjfaxxVFMfP2WyS3SRNjFobm6bGqFDpi6WLICIMiigiIvhgBHFmzNxMh2xmh9nZTVqERNra1LY2Tdo0tT+spZRV6+8fFEWaR7kvvuZPEHxpqYLtS+zdvZvZnk0od3ZgFXoh7O4se+fzOd9z78wEAGC6fw9e2gtwGVJJGEwO3j4EfZ9wfOocx5fPcjTOcJw8zXH2Y46lUxyXFjkun+R4bYGjtmDg8AmOpeMGLs1zXJ7juG3OQO0Yx9lZA0tHOS59xHH5CMdrhzlqhw0cPsTR+5DjzEGOWwFhecbAbTMGTh4w8LcPDIRphD75umu/gVf2GZjad/vzvXFv/E/GP4naTx3wGAwBpgZXVlamykc2agB/fFpq6BxtGsAmrXoGgIScNxzTV+/8heevLiK0VjnFsVuE9wnBmw55+zWAMeYFjfAupgAGCG+/Iu8tyXuT8D4ueDtC3j4NwGVF5jfIu5nw9iny3pS8a/ZD+r/bD38T3kcF75Mhb48GkGcjOdfSXXOcRa5vL+HtUeT9S/LekLxtcrZHSH03aABZZtnM170xtjsyb1gRgHmszFvGWfMXnhPyund8U+VtlbNthaHp2vq2r/I21r9pUt/2derbqQkHz0+Q+t4g9W2Rsw2Q+nZpAJ6tBzkzH+g7nt75zA7dcS02qcI7AvX17bpLfRN3qW9CzraF8HbW8arXl/Im5Lzr9S+CF7QQ3mp9r0vetJxtMwxBS7kfVspH/kyWeUeyZj4ftR86AeANwlsd3WXc31/orr6v8PpDhPe65B2rBpJOViZCOan4m9LqCyPHVbKvPCw8t4ee32UACnnm6+Om5zmuHUV2eCfAD5nw9PWjbl8ptlR7jPRRVM9fiWcf8fySeOo5L3Bybl7V82tFz9aYPX9J1K7PDtgk1tn2cJ2VMgC6Z+uNZCo8P1f0bF/H82eSy0Mkl4sZgNGczxzb1QPz3SzLR+u/S03O5Qrx3Eg8z1PPCA0oPC802fNH4vkg8TxZ45lnfpH5+Uh5noqp/6J6fk88HyCe83We6oEKzxOKnsmYPX8i+8n9ZD85LfeTRtao8DwbU57fkFx6SS6HanKxzMDUJ3zT89S6UPAeafI6u0xyuY/kspfkEsVVeO6PKZcvSC49JJepDMBILlsYd6NceUPe9xV522LO5Svi2U08D6zTfyrWwvNgk/eFb0n/bSD9d5T0X5S9XngeU/RMr+N5keTSRXIZywAUHTYR+WZe8o4r8nbEnMtnJJdOksuetfZrvbLyVPaF92Lqvwsklw6Sy6jMRYIW8qbNouSyq8n7wnnimSaeZtXTzxUCx41kKjxHmuxZIp4p4lnIALAsG2duoAe7PRb1eXJC0XNLzJ6LxLOdeL5Wfp40baZ7vlN0ssxWVxWeryt6pmL2XCCebcTzlQyAnxMr0wp02zfdINr9/KtNvp8/Rzxbiefb1fUpb1KibETC850mex4nnkni+aLoWytooGsrni812XOOeLYQTy0DEPiObUd5AK3xfF7Rszdmz1nimSCez4aezNILnmUGqpf7sudzTc7zDPFE4vlm9f93Fht1XGZFubgIz7cUPQdi9vwX',
    ),
    schemaPage: unpack(
      '7dmxSsNAGAfw/3deTBpfICBC66RxdHHs6O7iVs5Qa7Bpgo0QcPExXGodfQLngi/ha+gTSMxF2kgHU8Hl/4MjHDm+++e72wIAp8+F3L0DJyj20NVdANAQPM0XcCDw5qFkj6G4ELzNQilmCxARERERERERERERERER/ZUDVT3Fzl3oe3UY4PwYiCeX6U1i8jidDKbR1TAxv6vtA7iuC3c0oOxGvh3YWl38naLKVWezufo9J3CbuT7U6p5e+ce1E7jbfeDs9SUZbtAbf11/jv6/P/uNXI7N9eAB2e3FOI7af/dusCZX+aIcy7m+5j9z1bTNtQMgGw0ik5txOmp/Hm37JY1ayt6TqMqVp2aab3JPPgE=',
    ),
    databasePage: unpack(
      '7dm9TgJBFIbh9+zubMCCYnuSaSzo8AowobDlFozZUKiRLNvDjQgXYU+4HaPGlm7MbkDZjZWYWPg91ZzJ/HwnmW4AJk+lba6MIbs+PvEADiPF2D12rKov14UtV0U9FhEREREREREREREREZH/6S1q1inZMh74MNrPJ0CZ38/urst8+MM7zupz4cYghBCeI6g+KhcpuLEb3x5+LbsJVPfa0UY6X+O67jXOfm3ld638dpT/4uT89uv5X6JmD45sG5/78N7qKyYj7vow+lwHs4d5OS3yOaf2xfd9VTn0Pv72fXwA',
    ),
  },
] as const

function unpack(text: string): Uint8Array {
  return new Uint8Array(inflateRawSync(Buffer.from(text, 'base64')))
}
