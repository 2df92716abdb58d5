mod hostile;
mod impostors;
mod mishaps;
mod scenes;
mod table;
mod world;
