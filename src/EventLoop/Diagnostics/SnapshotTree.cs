namespace EventLoop.Diagnostics;

/// <summary>The tasks of a snapshot as a tree: below whoever started them, or below whoever awaits them.</summary>
internal sealed class SnapshotTree(LoopSnapshot snapshot, Action<string> line)
{
    private const int DeepestIndent = 20;

    private const int FewSiblings = 3;

    /// <param name="text">The line.</param>
    /// <param name="kind">Equal for tasks that are at the same place for the same reason; null: unique.</param>
    private sealed class Node(string text, string? kind = null)
    {
        internal string Text { get; set; } = text;

        internal string? Kind => Below.Count == 0 && !IsUnique ? kind : null;

        internal bool IsUnique { get; set; }

        internal List<Node> Below { get; } = [];
    }

    // ---- By owner

    internal void WriteByOwner()
    {
        var nodes = snapshot.Tasks.ToDictionary(static task => task.Id, static task => new Node(Describe(task), KindOf(task)));
        var groups = new Dictionary<int, Node>();
        var roots = new List<Node>();
        foreach (var task in snapshot.Tasks)
        {
            var node = nodes[task.Id];
            if (GroupOf(task) is { } group)
            {
                if (!groups.TryGetValue(group.Id, out var above))
                {
                    groups[group.Id] = above = new Node(group.Name is { } name ? $"group '{name}'" : "group");
                    (nodes.GetValueOrDefault(group.Host)?.Below ?? roots).Add(above);
                }

                above.Below.Add(node);
            }
            else
            {
                (task.CreatedBy is { } creator && creator != task.Id && nodes.TryGetValue(creator, out var by) ? by.Below : roots).Add(node);
            }
        }

        Write(roots);
    }

    // The innermost group of another task: the one that it was started in.
    private static ScopeSnapshot? GroupOf(TaskSnapshot task) => task.Scopes.FirstOrDefault(scope => scope.Kind == nameof(TaskGroup) && scope.Host != task.Id);

    // ---- By await

    internal void WriteByAwait()
    {
        var below = new Dictionary<int, List<TaskSnapshot>>();
        foreach (var task in snapshot.Tasks)
        {
            foreach (int awaiter in task.AwaitedBy)
            {
                if (!below.TryGetValue(awaiter, out var list))
                {
                    below[awaiter] = list = [];
                }

                list.Add(task);
            }
        }

        var inRing = snapshot.Cycles.SelectMany(static ring => ring).Select(static task => task.Id).ToHashSet();
        var drawn = new HashSet<int>();
        var roots = new List<Node>();
        foreach (var task in snapshot.Tasks.Where(static task => task.AwaitedBy.Count == 0).Concat(snapshot.Tasks))
        {
            if (!drawn.Add(task.Id))
            {
                continue;
            }

            var root = new Node(Describe(task), KindOf(task));
            roots.Add(root);
            var open = new Stack<(TaskSnapshot Task, Node Node)>();
            open.Push((task, root));
            while (open.TryPop(out var here))
            {
                foreach (var awaited in below.GetValueOrDefault(here.Task.Id) ?? [])
                {
                    if (drawn.Add(awaited.Id))
                    {
                        var node = new Node(Describe(awaited), KindOf(awaited));
                        here.Node.Below.Add(node);
                        open.Push((awaited, node));
                    }
                    else
                    {
                        bool closesRing = inRing.Contains(awaited.Id) && inRing.Contains(here.Task.Id);
                        here.Node.Below.Add(new Node($"──▶ {awaited.Name} #{awaited.Id}{(closesRing ? "  CYCLE" : "")}"));
                    }
                }

                // The holder of what it waits for is not awaited, and so not below it: it is shown by an arrow.
                foreach (var wait in here.Task.Waits.Where(static wait => wait.Kind is WaitKind.Lock or WaitKind.Limiter))
                {
                    foreach (int blocker in wait.Blockers.Take(5))
                    {
                        bool closesRing = inRing.Contains(blocker) && inRing.Contains(here.Task.Id);
                        string name = snapshot.Find(blocker)?.Name ?? "task";
                        here.Node.Text += $"  ──▶ {name} #{blocker}{(closesRing ? "  CYCLE" : "")}";
                        here.Node.IsUnique |= closesRing;
                    }
                }
            }
        }

        Write(roots);
    }

    private static string Describe(TaskSnapshot task)
    {
        string waits = SnapshotText.WaitsOf(task);
        string state = task.Status == LoopTaskStatus.Waiting ? waits : $"{SnapshotText.StatusOf(task.Status)}{(waits.Length > 0 ? " " + waits : "")}";
        string stack = SnapshotText.StackOf(task.Stack);
        return $"{task.Name} #{task.Id}  {state}  {PlainText.Short(task.InStatus)}{(stack.Length > 0 ? "  in " + stack : "")}";
    }

    private static string KindOf(TaskSnapshot task)
    {
        string doing = task.Status == LoopTaskStatus.Waiting ? string.Join(" and ", task.Waits.Select(KindOf)) : SnapshotText.StatusOf(task.Status);
        return $"{SnapshotText.StackOf(task.Stack)}  {doing}";
    }

    private static string KindOf(WaitSnapshot wait) =>
        wait.Kind is WaitKind.Sleep or WaitKind.Socket ? wait.Kind.ToString().ToLowerInvariant() : wait.Text;

    // Many leaves of one kind below one node become one line.
    private static List<Node> Together(List<Node> nodes)
    {
        var numbers = new Dictionary<string, int>();
        foreach (var node in nodes)
        {
            if (node.Kind is { } kind)
            {
                numbers[kind] = numbers.GetValueOrDefault(kind) + 1;
            }
        }

        var together = new List<Node>();
        foreach (var node in nodes)
        {
            int number = node.Kind is { } kind ? numbers[kind] : 0;
            if (number <= FewSiblings)
            {
                together.Add(node);
            }
            else if (number != int.MaxValue)
            {
                together.Add(new Node($"{number} x {node.Kind}"));
            }

            if (number > FewSiblings)
            {
                numbers[node.Kind!] = int.MaxValue;      // already shown
            }
        }

        return together;
    }

    // With a stack of its own: a chain of tasks may be as long as there are tasks. Beyond a readable depth nodes are no longer indented.
    private void Write(List<Node> roots)
    {
        var open = new Stack<(Node Node, string Before, string Beneath, int Depth)>();
        roots = Together(roots);
        for (int i = roots.Count - 1; i >= 0; i--)
        {
            open.Push((roots[i], "", "", 0));
        }

        while (open.TryPop(out var here))
        {
            line(here.Before + here.Node.Text);
            var below = Together(here.Node.Below);
            for (int i = below.Count - 1; i >= 0; i--)
            {
                bool last = i == below.Count - 1;
                bool deep = here.Depth >= DeepestIndent;
                open.Push((below[i], here.Beneath + (last ? "└─ " : "├─ "), deep ? here.Beneath : here.Beneath + (last ? "   " : "│  "), here.Depth + 1));
            }
        }
    }
}
