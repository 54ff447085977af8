namespace EventLoop.Diagnostics;

/// <summary>Stacks that were seen, each kept once: of a hundred thousand tasks most are at the same few places.</summary>
internal sealed class StackTable
{
    private readonly Dictionary<int, List<string[]>> known = [];

    internal string[] Intern(List<string> stack)
    {
        if (stack.Count == 0)
        {
            return [];
        }

        int hash = stack.Count;
        foreach (string method in stack)
        {
            hash = HashCode.Combine(hash, method);
        }

        if (!known.TryGetValue(hash, out var candidates))
        {
            known[hash] = candidates = [];
        }

        foreach (string[] candidate in candidates)
        {
            if (candidate.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(stack)))
            {
                return candidate;
            }
        }

        string[] added = [.. stack];
        candidates.Add(added);
        return added;
    }
}
