mod hostile;
mod impostors;
mod mishaps;
mod privates;
mod scenes;
mod table;
mod world;
