/** What one client may make the server keep. */
export const limits = {
  /** Request line and headers together, bytes. Long filters and build arguments travel in the query. */
  headBytes: 256 << 10,
  headerCount: 256,
  /** A line of a chunk's size, with its extensions. */
  chunkLineBytes: 4096,
  /** Trailers of a chunked body. */
  trailerBytes: 16 << 10,
  /** Body bytes that are read but not yet taken: the socket is paused past it. */
  bufferedBytes: 1 << 20,
  /** What is read and dropped of a body that nobody wanted, to keep the connection. */
  discardedBytes: 256 << 10,
  /** A JSON body. */
  jsonBytes: 8 << 20,
  /** Seconds for a head that has begun. */
  headSeconds: 60,
  /** Seconds that a refused client has to notice. */
  lingerSeconds: 2,
} as const;
