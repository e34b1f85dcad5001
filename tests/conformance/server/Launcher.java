import io.trino.server.Server;

/** Starts a Trino server: what the main class of the server's own archive does. */
public final class Launcher {
    public static void main(String[] arguments) {
        new Server().start(System.getProperty("trino.version"));
    }
}
