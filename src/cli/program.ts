/** The version of the program and of its command line. */
export const programVersion = '0.1.0';

/** Where an engine listens unless told otherwise. */
export const defaultHost = 'unix:///run/berth/berth.sock';
