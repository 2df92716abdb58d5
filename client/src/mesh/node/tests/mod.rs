mod hostile;
mod mishaps;
mod scenes;
mod world;
