/** The model of each task when the caller names none. They come with a clone of the repository (weights/); the encoder also from the Hub or its cache. */

export const DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2";
