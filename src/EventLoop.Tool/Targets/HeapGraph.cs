using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;
using Microsoft.Diagnostics.Tracing.Parsers.Clr;

namespace EventLoop.Tool.Targets;

/// <summary>The objects of a process and their references, as the runtime reports them during one collection.</summary>
internal sealed class HeapGraph
{
    private readonly Dictionary<ulong, string> types = [];
    private readonly List<(ulong Address, ulong Type, int Edges)> nodes = [];
    private readonly List<ulong> edges = [];
    private readonly HashSet<ulong> roots = [];
    private readonly List<(ulong Key, ulong Value)> dependent = [];

    /// <exception cref="ToolException">The process has ended before they were complete, or does not respond.</exception>
    internal static HeapGraph Read(Target target, TimeSpan timeout)
    {
        var graph = new HeapGraph();
        using var session = target.Open(new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Verbose,
            (long)ClrTraceEventParser.Keywords.GCHeapSnapshot), requestRundown: false, megabytes: 1024);
        using var source = new EventPipeEventSource(session.EventStream);
        using var done = new ManualResetEventSlim();
        int collection = -1;
        bool isComplete = false;      // the event publishes it
        string? broke = null;
        source.Clr.GCStart += start =>
        {
            if (collection < 0 && start is { Depth: 2, Reason: GCReason.Induced or GCReason.InducedNotForced })
            {
                collection = start.Count;
            }
        };
        source.Clr.GCStop += stop =>
        {
            if (stop.Count == collection)
            {
                isComplete = true;
                done.Set();
            }
        };
        source.Clr.TypeBulkType += graph.OnTypes;
        source.Clr.GCBulkNode += graph.OnNodes;
        source.Clr.GCBulkEdge += graph.OnEdges;
        source.Clr.GCBulkRootEdge += graph.OnRoots;
        source.Clr.GCBulkRootStaticVar += graph.OnStatics;
        source.Clr.GCBulkRootConditionalWeakTableElementEdge += graph.OnTables;
        source.Clr.GCBulkRCW += static _ => { };
        var reading = new Thread(() =>
        {
            try
            {
                source.Process();
            }
            catch (Exception failure)
            {
                broke = failure.Message;      // or it was ended, because they are complete
            }

            done.Set();
        })
        { IsBackground = true };
        reading.Start();
        if (!done.Wait(timeout))
        {
            throw target.Silent(timeout, heard: true);
        }

        if (!isComplete)
        {
            throw target.BrokeOff("The list of the objects", broke);
        }

        try
        {
            session.Stop();
        }
        catch (Exception)
        {
            // It has ended meanwhile.
        }

        reading.Join(2000);
        return graph;
    }

    private void OnTypes(GCBulkTypeTraceData data)
    {
        for (int i = 0; i < data.Count; i++)
        {
            var one = data.Values(i);
            types[one.TypeID] = one.TypeName;
        }
    }

    private void OnNodes(GCBulkNodeTraceData data)
    {
        for (int i = 0; i < data.Count; i++)
        {
            var one = data.Values(i);
            nodes.Add((one.Address, one.TypeID, (int)one.EdgeCount));
        }
    }

    private void OnEdges(GCBulkEdgeTraceData data)
    {
        for (int i = 0; i < data.Count; i++)
        {
            edges.Add(data.Values(i).Target);
        }
    }

    private void OnRoots(GCBulkRootEdgeTraceData data)
    {
        for (int i = 0; i < data.Count; i++)
        {
            var one = data.Values(i);
            if ((one.GCRootFlag & (GCRootFlags.WeakRef | GCRootFlags.RefCounted)) == 0 && one.RootedNodeAddress != 0)
            {
                roots.Add(one.RootedNodeAddress);
            }
        }
    }

    private void OnStatics(GCBulkRootStaticVarTraceData data)
    {
        for (int i = 0; i < data.Count; i++)
        {
            roots.Add(data.Values(i).ObjectID);
        }
    }

    private void OnTables(GCBulkRootConditionalWeakTableElementEdgeTraceData data)
    {
        for (int i = 0; i < data.Count; i++)
        {
            var one = data.Values(i);
            dependent.Add((one.GCKeyNodeID, one.GCValueNodeID));
        }
    }

    internal int Count => nodes.Count;

    /// <summary>The objects that no root reaches if the edges out of some types are left out; each with its type and its references.</summary>
    internal List<(ulong Address, string Type, ulong[] Targets)> Unreachable(Func<string, bool> isLeftOut)
    {
        var start = new Dictionary<ulong, (int Node, int Edge)>(nodes.Count);
        int edge = 0;
        for (int i = 0; i < nodes.Count; i++)
        {
            start[nodes[i].Address] = (i, edge);
            edge += nodes[i].Edges;
        }

        var reached = new HashSet<ulong>();
        var open = new Stack<ulong>(roots);
        var waiting = dependent.ToLookup(static one => one.Key, static one => one.Value);
        while (open.TryPop(out ulong address))
        {
            if (!start.TryGetValue(address, out var at) || !reached.Add(address))
            {
                continue;
            }

            foreach (ulong value in waiting[address])
            {
                open.Push(value);
            }

            var node = nodes[at.Node];
            if (isLeftOut(NameOf(node.Type)))
            {
                continue;
            }

            for (int i = at.Edge; i < at.Edge + node.Edges && i < edges.Count; i++)
            {
                open.Push(edges[i]);
            }
        }

        var left = new List<(ulong, string, ulong[])>();
        foreach (var node in nodes)
        {
            if (!reached.Contains(node.Address))
            {
                int first = start[node.Address].Edge;
                left.Add((node.Address, NameOf(node.Type), [.. edges.GetRange(first, Math.Min(node.Edges, Math.Max(0, edges.Count - first)))]));
            }
        }

        return left;
    }

    private string NameOf(ulong type) => types.GetValueOrDefault(type) ?? "";
}
