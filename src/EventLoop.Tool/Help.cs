namespace EventLoop.Tool;

internal static class Help
{
    internal const string Text = """
        Looks into running programs on the EventLoop runtime. Nothing has to be prepared in them.

          eventloop list                      the processes that answer, and their loops
          eventloop ps PID                    a line for each task: what it waits for, since when, in which method; --frames: where steps are stuck
          eventloop pstree PID [--by await]   tasks below who started them, or below who awaits them
          eventloop top PID                   the loops each second (q quits); --interval 5s, --count N (so many rounds, as text), --once
          eventloop dump PID [-o FILE]        snapshot, ended tasks and recording in a file; --frames adds the stacks of the loops' threads
          eventloop show FILE [--ended]       what a dump holds
          eventloop record PID [--for 10s]    everything that happens on a loop, into a file (-o FILE); --capacity N: records the process can hold
          eventloop trace FILE [-o FILE]      a recording for ui.perfetto.dev; --format chrome for older viewers
          eventloop doctor PID [--leaks]      what looks wrong; --leaks: tasks that nothing can ever wake
          eventloop web PID|FILE [--port N]   the same, live, as a page on loopback; it records. Of FILE: the timeline of a recording, or a dump
          eventloop completion bash|zsh|fish  for the shell

        ps, pstree, doctor, show and web take a dump file in place of PID.

          --name LOOP     only the loop of this name or number      --json         for machines
          --filter TEXT   only tasks whose name or methods have it  --timeout 10s  how long to wait for the answer
          --most N        so many tasks one by one; --all: all      --bunches      equal tasks put together

        --name: all but list and doctor --leaks. --filter, --most, --all: ps, pstree, show, web (--filter: top as well). --bunches: ps, show.
        --by: pstree, show. What contradicts another option, or means nothing beside it, is refused.

        Exit code: 0 fine, 1 doctor has found something, 2 usage (also: no loop of that name), 3 no such process, 4 no permission,
          5 no diagnostics port, 6 no EventLoop in it or no loop to dump or record, 7 no answer in time, 8 it ended meanwhile.
        """;
}
