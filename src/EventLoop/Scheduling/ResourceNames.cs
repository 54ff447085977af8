using System.Runtime.CompilerServices;

namespace EventLoop.Scheduling;

/// <summary>The names that users gave to locks, queues and the like, kept outside of them, so that unnamed ones pay nothing. Any thread.</summary>
internal static class ResourceNames
{
    private const int Longest = 200;

    private static readonly ConditionalWeakTable<object, string> Names = [];
    private static volatile bool any;

    internal static void Set(object resource, string name)
    {
        Names.AddOrUpdate(resource, Cut(name));
        any = true;
    }

    internal static string? Of(object? resource) => any && resource is not null && Names.TryGetValue(resource, out string? name) ? name : null;

    /// <summary>"lock 'orders'", or "lock" where it has no name.</summary>
    internal static string Label(string kind, object? resource) => Of(resource) is { } name ? $"{kind} '{name}'" : kind;

    /// <summary>All named objects that are alive, with their names.</summary>
    internal static List<(T Resource, string Name)> All<T>()
        where T : class
    {
        var all = new List<(T, string)>();
        if (any)
        {
            foreach (var (resource, name) in Names)
            {
                if (resource is T one)
                {
                    all.Add((one, name));
                }
            }
        }

        return all;
    }

    internal static string Cut(string name) => name.Length <= Longest ? name : name[..Longest];
}
