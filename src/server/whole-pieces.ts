// Ends calls whose bodies come in crumbs.
import { IncomingMessage } from 'node:http';

/** Shorter pieces are small. What Node keeps of each takes some 300 bytes, whatever it holds. */
const smallBytes = 256;
/** A body may have so many small ones, as where a caller writes slowly, */
const maxSmallPieces = 100;
/** and one more for so many bytes: where chunks and TLS records end at different places, a small rest lies between. */
const bytesForEach = 1024;

/**
 * A call that cuts its connection when its body comes in many small pieces, such as chunks of one byte. Nobody writes so who
 * means well, and limits that count bytes do not bound it: 7 MiB of them take a gigabyte and minutes. They are counted here,
 * where Node's parser hands them over one after the other: what is read already comes also to a call that is paused.
 */
export class WholePieces extends IncomingMessage {
  #bytes = 0;
  #smallPieces = 0;

  override push(piece: unknown, encoding?: BufferEncoding): boolean {
    if (piece instanceof Uint8Array) {
      this.#bytes += piece.length;
      if (piece.length < smallBytes) this.#smallPieces += 1;
      if (this.#smallPieces > maxSmallPieces + this.#bytes / bytesForEach) {
        this.socket.destroy();
        return false;
      }
    }
    return super.push(piece, encoding);
  }
}
