/**
 * The engine's few error classes. Each message is a sentence: what was expected, what was found, what to do.
 * `name` is the class name, so that errors that cross a worker or a bundle boundary can still be told apart.
 */

class NamedError extends Error {
  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.className;
  }
  static readonly className: string = "Error";
}

/** Shapes of tensors or inputs that do not fit together. */
export class ShapeError extends NamedError {
  static override readonly className = "ShapeError";
}
/** Bytes that are not what their format says: safetensors, JSON, index files. */
export class FormatError extends NamedError {
  static override readonly className = "FormatError";
}
/** A checkpoint whose tensors are missing, mis-shaped or unknown to the architecture. */
export class WeightError extends NamedError {
  static override readonly className = "WeightError";
}
/** A configuration, option or argument that cannot be used. */
export class ConfigError extends NamedError {
  static override readonly className = "ConfigError";
}
/** Something valid that this engine or this runtime does not offer. */
export class UnsupportedError extends NamedError {
  static override readonly className = "UnsupportedError";
}
/** Use of a model after dispose(). */
export class DisposedError extends NamedError {
  static override readonly className = "DisposedError";
}
/** A file that could not be fetched. */
export class DownloadError extends NamedError {
  static override readonly className = "DownloadError";
}
