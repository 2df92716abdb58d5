mod hostile;
mod impostors;
mod mishaps;
mod privates;
mod scenes;
mod silencing;
mod table;
mod world;
